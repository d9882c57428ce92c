import { defineConfig } from '@playwright/test';

// The whole interface in Debian's Chromium on the in-memory backend, under the policy that the application ships.
export default defineConfig({
  testDir: '.',
  outputDir: './artifacts/results',
  // Generous: on a loaded machine everything is slow, and none of these tests waits longer than it must.
  timeout: 300_000,
  expect: { timeout: 60_000 },
  workers: 1,
  reporter: [['list']],
  use: {
    actionTimeout: 60_000,
    baseURL: 'http://127.0.0.1:4180',
    viewport: { width: 1280, height: 800 },
    launchOptions: {
      executablePath: process.env.CHROMIUM ?? '/usr/bin/chromium',
      args: ['--no-sandbox', '--disable-gpu', '--disable-dev-shm-usage'],
    },
  },
  webServer: { command: 'node server.mjs 4180', url: 'http://127.0.0.1:4180/', reuseExistingServer: false },
});
