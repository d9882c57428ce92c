import { AxeBuilder } from '@axe-core/playwright';
import { test as base, expect, type Page } from '@playwright/test';

interface Report {
  code: string;
  message: string;
  detail: string | null;
}

interface Mischief {
  __pwned?: boolean;
  mockOpened?: string;
  /** Lets a stepped answer go on by so many pieces. */
  mockGo?: (pieces: number) => void;
  mockDrop?: (event: { type: string; paths?: string[] } | ({ type: 'failed' } & Report)) => void;
  mockIngest?: (event: { type: 'blocked' } & Report) => void;
}

declare global {
  interface Window extends Mischief {}
}

/** Fails a test on any error of the page, any refusal by the policy, and any request that leaves the page's own origin. */
export const test = base.extend<{ quiet: undefined }>({
  quiet: [
    async ({ page }, use) => {
      const complaints: string[] = [];
      page.on('pageerror', (error) => complaints.push(`error: ${error.message}`));
      page.on('console', (message) => {
        if (message.type() === 'error') complaints.push(`console: ${message.text()}`);
      });
      page.on('request', (request) => {
        const url = request.url();
        if (!url.startsWith('http://127.0.0.1:4180/') && !url.startsWith('blob:')) complaints.push(`request: ${url}`);
      });
      await use(undefined);
      expect(complaints).toEqual([]);
    },
    { auto: true },
  ],
});

export { expect };

/** Opens the window with the mock's options. */
export async function open(page: Page, options: Record<string, string | number> = {}): Promise<void> {
  const query = new URLSearchParams({
    speed: '0.02',
    ...Object.fromEntries(Object.entries(options).map(([key, value]) => [key, String(value)])),
  });
  // As in the application's window.
  await page.addInitScript(() => Object.freeze(Object.prototype));
  await page.goto(`/?${query}`);
  await page.locator('.window').waitFor();
}

/** WCAG 2.2 AA as axe sees it. */
export async function expectAccessible(page: Page): Promise<void> {
  const { violations } = await new AxeBuilder({ page })
    .withTags(['wcag2a', 'wcag2aa', 'wcag21a', 'wcag21aa', 'wcag22aa'])
    .analyze();
  expect(
    violations.map(({ id, nodes }) => ({
      id,
      at: nodes.slice(0, 4).map((node) => `${node.target.join(' ')}: ${node.failureSummary ?? ''}`),
    })),
  ).toEqual([]);
}

export async function ask(page: Page, question: string): Promise<void> {
  await page.locator('#question').fill(question);
  await page.locator('#question').press('Enter');
  await expect(page.locator('.turn').last().getByRole('button', { name: 'Write again' })).toBeVisible();
}

/** Opens the page of an answer's citation beside it. */
export async function openCitation(page: Page, n = 1): Promise<void> {
  await page
    .getByRole('button', { name: new RegExp(`Citation ${n}:`) })
    .first()
    .click();
  await page.locator('.sheet img').waitFor();
}

export async function showLibrary(page: Page): Promise<void> {
  await page
    .getByRole('button', { name: /All documents/ })
    .first()
    .click();
  await page.locator('.document-line').first().waitFor();
  // Until then the rows are those that were listed before.
  await page.locator('.document-rows[aria-busy="false"]').waitFor();
}

export async function showSettings(page: Page): Promise<void> {
  await page.getByRole('button', { name: 'Settings', exact: true }).click();
  await page.locator('.profile-choice').waitFor();
}

export async function showPanel(page: Page): Promise<void> {
  await page.locator('.status-strip').click();
  await page.locator('.panel-grid').waitFor();
}

export async function showBenchmark(page: Page): Promise<void> {
  await showPanel(page);
  await page.getByRole('button', { name: 'Benchmark' }).click();
  await page.locator('.benchmark-table').waitFor();
}

/** The page's processor so many times slower. */
export async function slowDown(page: Page, times: number): Promise<void> {
  const session = await page.context().newCDPSession(page);
  await session.send('Emulation.setCPUThrottlingRate', { rate: times });
}
