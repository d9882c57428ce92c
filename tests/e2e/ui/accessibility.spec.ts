import type { Page } from '@playwright/test';
import {
  ask,
  expect,
  expectAccessible,
  open,
  openCitation,
  showBenchmark,
  showLibrary,
  showPanel,
  showSettings,
  test,
} from './window';

const SCREENS: Record<string, { options?: Record<string, string | number>; go?: (page: Page) => Promise<void> }> = {
  'first start': { options: { welcomed: 0, documents: 0, turns: 0, model: 0 } },
  'empty library': { options: { documents: 0, turns: 0 } },
  'library mid-ingest': {
    options: { documents: 10_000, pending: 500 },
    go: showLibrary,
  },
  'answer and source': {
    go: async (page) => {
      await ask(page, 'When may the tenant end the lease early?');
      await openCitation(page);
    },
  },
  'not found': { go: (page) => ask(page, 'How far is the moon?') },
  'rich answer': { go: (page) => ask(page, 'Show a table') },
  'why this answer': {
    go: async (page) => {
      await ask(page, 'When may the tenant end the lease early?');
      await page.getByRole('button', { name: 'Why this answer' }).last().click();
      await page.locator('.trace-table').first().waitFor();
    },
  },
  performance: {
    go: async (page) => {
      await page.locator('#question').fill('A long answer, step by step');
      await page.locator('#question').press('Enter');
      await showPanel(page);
      await page.locator('.plot-line').first().waitFor();
    },
  },
  settings: { go: showSettings },
  'a server that answers': {
    go: async (page) => {
      await showSettings(page);
      await page.getByLabel('Who writes the answers').selectOption('ollama');
      await page.getByLabel('Address of the server').fill('http://localhost:11434');
      await page.getByRole('button', { name: 'Check' }).click();
      await page.locator('.server-said').waitFor();
    },
  },
  models: {
    go: async (page) => {
      await showSettings(page);
      await page.getByRole('button', { name: 'Language models' }).click();
      await page.locator('.model-card').first().waitFor();
    },
  },
  benchmark: { go: showBenchmark },
  'selected documents': {
    go: async (page) => {
      await showLibrary(page);
      await page.locator('.document-line').nth(1).click();
      await page
        .locator('.document-line')
        .nth(4)
        .click({ modifiers: ['Shift'] });
    },
  },
  'search in a conversation': {
    options: { turns: 12 },
    go: async (page) => {
      await page.locator('.conversation-nav .nav-button').first().click();
      await page.locator('.turn').first().waitFor();
      await page.keyboard.press('Control+Shift+f');
      await page.keyboard.type('tenant');
    },
  },
  'a menu and a message': {
    go: async (page) => {
      await page.locator('.conversation-nav .nav-button').nth(1).focus();
      await page.keyboard.press('Delete');
      await page.locator('.toast').waitFor();
      await page.locator('.conversation-nav .nav-line').first().click({ button: 'right' });
      await page.locator('.menu').waitFor();
    },
  },
  shortcuts: {
    go: async (page) => {
      await page.keyboard.press('Control+k');
      await page.keyboard.type('keyboard shortcuts');
      await page.keyboard.press('Enter');
      await page.locator('.shortcut-table').first().waitFor();
    },
  },
  palette: {
    go: async (page) => {
      await page.keyboard.press('Control+k');
      await page.getByRole('combobox').waitFor();
    },
  },
};

/** The same screens by their classes: their words are German here. */
const GERMAN: Record<string, { options?: Record<string, string | number>; go: (page: Page) => Promise<void> }> = {
  'first start': {
    options: { welcomed: 0, documents: 0, turns: 0, model: 0 },
    go: (page) => page.locator('.first-card .primary').waitFor(),
  },
  library: {
    options: { pending: 200 },
    go: async (page) => {
      await page.keyboard.press('Control+k');
      await page.keyboard.type('Alle Dokumente');
      await page.keyboard.press('Enter');
      await page.locator('.document-line').nth(2).click();
    },
  },
  'answer and source': {
    go: async (page) => {
      await page.locator('#question').fill('When may the tenant end the lease early? degrade');
      await page.locator('#question').press('Enter');
      await page.locator('.turn button.cite').first().click();
      await page.locator('.sheet img').waitFor();
    },
  },
  settings: {
    go: async (page) => {
      await page.keyboard.press('Control+,');
      await page.locator('.profile-choice').waitFor();
      await page.locator('.parameters').evaluate((list) => list.closest('details')?.setAttribute('open', ''));
    },
  },
  benchmark: {
    go: async (page) => {
      await page.locator('.status-strip').click();
      await page.locator('.panel-head .button').click();
      await page.locator('.benchmark-table').waitFor();
    },
  },
  performance: {
    go: async (page) => {
      await page.locator('.status-strip').click();
      await page.locator('.panel-grid').waitFor();
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
      const sizes = await typeSizes(page);
      expect(sizes.length, sizes.join(', ')).toBeLessThanOrEqual(3);
    });
  }
}

test('with the system’s own colours every button still has an edge, and what is chosen is told', async ({
  browser,
}) => {
  const context = await browser.newContext({ forcedColors: 'active', viewport: { width: 1280, height: 800 } });
  const page = await context.newPage();
  await open(page);
  await ask(page, 'When may the tenant end the lease early?');
  await openCitation(page);
  await page.screenshot({ path: `${import.meta.dirname}/artifacts/forced-colors.png` });
  const bare = await page.evaluate(() =>
    [...document.querySelectorAll('.button, .icon-button, button.cite')]
      .filter((element) => element.checkVisibility({ opacityProperty: true }))
      .filter((element) => getComputedStyle(element).borderTopWidth === '0px')
      .map((element) => element.className),
  );
  expect(bare).toEqual([]);
  // The page is a picture: the words over it stay unseen, and the passage is marked.
  const layer = page.locator('.text-layer span').first();
  expect(await layer.evaluate((element) => getComputedStyle(element).color)).toBe('rgba(0, 0, 0, 0)');
  const active = page.locator('.nav-line.active').first();
  expect(await active.evaluate((element) => getComputedStyle(element).outlineStyle)).toBe('solid');
  await context.close();
});

/** Sizes of the type in sight; formulas scale their indices themselves. */
async function typeSizes(page: Page): Promise<string[]> {
  return page.evaluate(() => {
    const sizes = new Set<string>();
    for (const element of document.querySelectorAll('body *')) {
      const written = [...element.childNodes].some((node) => node.nodeType === 3 && node.textContent?.trim());
      if (!written || element.closest('.text-layer, math, .visually-hidden, option')) continue;
      if (element.checkVisibility({ opacityProperty: true, visibilityProperty: true }))
        sizes.add(getComputedStyle(element).fontSize);
    }
    return [...sizes].sort();
  });
}

/** What lies outside the window or is cut off by its column, though it is to be pressed or read. */
async function cutOff(page: Page): Promise<string[]> {
  return page.evaluate(() => {
    const found: string[] = [];
    for (const element of document.querySelectorAll('button, input, select, textarea, h1, h2, h3')) {
      if (!element.checkVisibility() || element.closest('.table-scroll, .palette, .visually-hidden')) continue;
      const frame = element.closest('.column, .overlay, .drawer, .performance-panel, .first-start') ?? document.body;
      const box = element.getBoundingClientRect();
      const room = frame.getBoundingClientRect();
      if (box.left < room.left - 1 || box.right > room.right + 1)
        found.push(`${element.localName}.${element.className}: ${element.textContent?.slice(0, 30) ?? ''}`);
    }
    if (document.documentElement.scrollWidth > window.innerWidth) found.push('the window');
    return found;
  });
}

const SIZES = [
  { width: 900, height: 600, text_size: 150 },
  { width: 1280, height: 800, text_size: 150 },
  { width: 2560, height: 1440, text_size: 100 },
];
for (const { width, height, text_size } of SIZES) {
  test(`nothing is cut off at ${width} × ${height}, text ${text_size} %, in German`, async ({ page }) => {
    await page.setViewportSize({ width, height });
    for (const [name, { options, go }] of Object.entries(GERMAN)) {
      await open(page, { ...options, text_size, language: 'de' });
      await go(page);
      await page.waitForTimeout(300);
      await page.screenshot({ path: `${import.meta.dirname}/artifacts/${name}-${width}-${text_size}-de.png` });
      expect({ name, cutOff: await cutOff(page) }).toEqual({ name, cutOff: [] });
    }
  });
}

for (const width of [820, 600]) {
  test(`at ${width} pixels the source lies over the answer and nothing is cut off`, async ({ page }) => {
    await page.setViewportSize({ width, height: 800 });
    await open(page);
    await ask(page, 'When may the tenant end the lease early?');
    await openCitation(page);
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
