import type { Page } from '@playwright/test';
import { ask, expect, expectAccessible, open, test } from './window';

const SCREENS: Record<string, { options?: Record<string, string | number>; go?: (page: Page) => Promise<void> }> = {
  'first start': { options: { welcomed: 0, documents: 0, turns: 0, model: 0 } },
  'empty library': { options: { documents: 0, turns: 0 } },
  'library mid-ingest': {
    options: { documents: 10_000, pending: 500 },
    go: async (page) => {
      await page
        .getByRole('button', { name: /All documents/ })
        .first()
        .click();
      await page.locator('.document-line').first().waitFor();
    },
  },
  'answer and source': {
    go: async (page) => {
      await ask(page, 'When may the tenant end the lease early?');
      await page
        .getByRole('button', { name: /Citation 1/ })
        .first()
        .click();
      await page.locator('.sheet img').waitFor();
    },
  },
  'not found': { go: (page) => ask(page, 'How far is the moon?') },
  'rich answer': { go: (page) => ask(page, 'Show a table') },
  performance: {
    go: async (page) => {
      await page.locator('.status-strip').click();
      await page.locator('.panel-grid').waitFor();
    },
  },
  settings: { go: (page) => page.getByRole('button', { name: 'Settings', exact: true }).click() },
  models: {
    go: async (page) => {
      await page.getByRole('button', { name: 'Settings', exact: true }).click();
      await page.getByRole('button', { name: 'Language models' }).click();
      await page.locator('.model-card').first().waitFor();
    },
  },
  benchmark: {
    go: async (page) => {
      await page.locator('.status-strip').click();
      await page.getByRole('button', { name: 'Benchmark' }).click();
      await page.locator('.benchmark-table').waitFor();
    },
  },
  palette: {
    go: async (page) => {
      await page.keyboard.press('Control+k');
      await page.getByRole('combobox').waitFor();
    },
  },
};

for (const theme of ['light', 'dark']) {
  for (const [name, { options, go }] of Object.entries(SCREENS)) {
    test(`${name}, ${theme}, meets WCAG AA`, async ({ page }) => {
      await open(page, { ...options, theme });
      await go?.(page);
      await page.waitForTimeout(400);
      await page.screenshot({ path: `${import.meta.dirname}/artifacts/${name.replaceAll(' ', '-')}-${theme}.png` });
      await expectAccessible(page);
    });
  }
}

for (const width of [820, 600]) {
  test(`at ${width} pixels the source lies over the answer and nothing is cut off`, async ({ page }) => {
    await page.setViewportSize({ width, height: 800 });
    await open(page);
    await ask(page, 'When may the tenant end the lease early?');
    await page
      .getByRole('button', { name: /Citation 1/ })
      .first()
      .click();
    await expect(page.locator('.overlay.right')).toBeVisible();
    expect(await page.evaluate(() => document.documentElement.scrollWidth <= window.innerWidth)).toBe(true);
    await page.screenshot({ path: `${import.meta.dirname}/artifacts/width-${width}.png` });
    await page.keyboard.press('Escape');
    await expect(page.locator('.overlay.right')).toBeHidden();
  });
}

test('the whole way goes by keyboard alone', async ({ page }) => {
  await open(page);
  await page.keyboard.press('Control+l');
  await page.keyboard.type('When may the tenant end the lease early?');
  await page.keyboard.press('Enter');
  await expect(page.getByRole('button', { name: 'Write again' })).toBeVisible();
  await page.keyboard.press('Alt+1');
  await expect(page.locator('.band.cited').first()).toBeVisible();
  await page.keyboard.press('Control+k');
  await page.keyboard.type('all documents');
  await page.keyboard.press('Enter');
  await page.getByRole('grid').focus();
  await page.keyboard.press('ArrowDown');
  await expect(page.getByText('1 selected')).toBeVisible();
  await page.keyboard.press('Delete');
  await expect(page.getByText('Document removed from the library', { exact: false })).toBeVisible();
});
