import { afterEach } from 'vitest';
import { cleanup } from '@testing-library/react';

afterEach(cleanup);

// What jsdom does not have and the interface leans on.
class NoObserver {
  observe(): void {}
  unobserve(): void {}
  disconnect(): void {}
}
Object.assign(globalThis, { ResizeObserver: NoObserver });
Element.prototype.scrollIntoView = () => undefined;
Object.assign(navigator, { clipboard: { writeText: async () => undefined } });
