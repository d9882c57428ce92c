import { fileURLToPath } from 'node:url';
import { defineConfig } from 'vitest/config';

const play = process.env.DOCMIND_PLAY ?? 'suite';

// One window at a time, in the order written: later steps build on what earlier ones left in the library.
export default defineConfig({
  test: {
    root: fileURLToPath(new URL('.', import.meta.url)),
    include: [play === 'suite' ? '*.test.ts' : `${play}.play.ts`],
    environment: 'node',
    fileParallelism: false,
    sequence: { shuffle: false, concurrent: false },
    testTimeout: 1_800_000,
    hookTimeout: 600_000,
    bail: 1,
    reporters: ['verbose'],
  },
});
