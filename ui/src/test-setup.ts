import { cleanup, configure } from '@testing-library/react';
import { afterEach } from 'vitest';

afterEach(cleanup);
// A loaded machine is slow, not wrong.
configure({ asyncUtilTimeout: 20_000 });

// What jsdom does not have and the interface leans on.
class NoObserver {
  observe(): void {}
  unobserve(): void {}
  disconnect(): void {}
}
Object.assign(globalThis, { ResizeObserver: NoObserver });
Element.prototype.scrollIntoView = () => undefined;
Object.assign(navigator, { clipboard: { writeText: async () => undefined } });
