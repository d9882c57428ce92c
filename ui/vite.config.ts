import { fileURLToPath } from 'node:url';
import react from '@vitejs/plugin-react';
import { defineConfig } from 'vitest/config';

// Two bundles from one source: the one inside the application, and (`--mode mock`) one that runs in any browser on the
// in-memory backend. The constant lets the bundler drop the other's code.
export default defineConfig(({ mode }) => ({
  plugins: [react()],
  resolve: { alias: { '@': fileURLToPath(new URL('./src', import.meta.url)) } },
  define: { __MOCK__: JSON.stringify(mode === 'mock' || mode === 'test') },
  server: { port: 5173, strictPort: true },
  build: {
    target: 'es2022',
    // The content security policy allows scripts from files only: nothing is inlined.
    assetsInlineLimit: 0,
    modulePreload: { polyfill: false },
    chunkSizeWarningLimit: 700,
  },
  test: {
    environment: 'jsdom',
    include: ['src/**/*.test.{ts,tsx}'],
    setupFiles: ['src/test-setup.ts'],
    testTimeout: 60_000,
  },
}));
