import type { Page } from '@playwright/test';
import { ask, expect, open, showLibrary, test } from './window';

declare global {
  interface Window {
    strangers?: string[];
  }
}

/** Notes every element and attribute that foreign text could have become, at the moment it appears and however briefly. */
async function watch(page: Page): Promise<void> {
  await page.addInitScript(() => {
    const strangers: string[] = [];
    window.strangers = strangers;
    const look = (element: Element): void => {
      const name = element.localName;
      const foreign =
        /^(script|iframe|object|embed|a|style|base|meta|video|audio|template)$/.test(name) ||
        (name === 'form' && !element.matches('.composer')) ||
        (name === 'img' && !element.getAttribute('src')?.startsWith('blob:'));
      const written = element.closest('.markdown, .question, .thinking, bdi') !== null;
      const attributes = element
        .getAttributeNames()
        .filter((attribute) => /^on/.test(attribute) || (written && /^(style|id|href|src)$/.test(attribute)));
      if (foreign || attributes.length > 0) strangers.push(element.outerHTML.slice(0, 120));
    };
    new MutationObserver((records) => {
      for (const { target, addedNodes } of records) {
        if (target instanceof Element) look(target);
        for (const node of addedNodes)
          if (node instanceof Element) for (const each of [node, ...node.querySelectorAll('*')]) look(each);
      }
    }).observe(document, {
      subtree: true,
      childList: true,
      attributes: true,
      attributeFilter: ['style', 'id', 'src', 'href', 'onclick', 'onload', 'onerror'],
    });
    // What the page itself is made of stands in its head, and is there before anything foreign.
    document.addEventListener('DOMContentLoaded', () => strangers.splice(0), { once: true });
  });
}

async function expectHarmless(page: Page): Promise<void> {
  const state = await page.evaluate(() => ({
    pwned: window.__pwned === true,
    strangers: window.strangers?.slice(0, 5),
    wide: document.documentElement.scrollWidth > window.innerWidth,
    wideColumns: [...document.querySelectorAll('.column, .overlay')].filter(
      (column) => column.scrollWidth > column.clientWidth,
    ).length,
  }));
  expect(state).toEqual({ pwned: false, strangers: [], wide: false, wideColumns: 0 });
}

test('hostile answers of a saved conversation run nothing, fetch nothing and break no layout', async ({ page }) => {
  await watch(page);
  await open(page, { hostile: 1 });
  await page.locator('.conversation-nav .nav-button').first().click();
  const transcript = page.locator('.transcript');
  await expect(transcript.locator('.turn').first()).toBeVisible();
  // Opened at its end: read upwards to its beginning.
  for (let step = 0; step < 120; step++) {
    const end = await transcript.evaluate((element) => {
      element.scrollTop -= 500;
      return element.scrollTop <= 0;
    });
    await page.waitForTimeout(30);
    if (end) break;
  }
  await expect(page.getByText('Payload 1 ', { exact: false }).first()).toBeVisible();
  await expectHarmless(page);
});

test('hostile names of files and titles stay words wherever they are shown', async ({ page }) => {
  await watch(page);
  await open(page, { hostile: 1 });
  await showLibrary(page);
  for (let at = 1; at < 8; at++) {
    await page.locator('.document-line').nth(at).hover();
    await page.locator('.document-line').nth(at).dblclick();
    await page.locator('.source-head h2').waitFor();
    await expectHarmless(page);
  }
  await page.locator('.document-line').nth(2).getByRole('button').click();
  await page.keyboard.press('Escape');
  await page.keyboard.press('Control+k');
  await page.keyboard.type('img src');
  await expect(page.locator('.palette-entry').first()).toContainText('<img src=x');
  await expectHarmless(page);
  await page.keyboard.press('Escape');
  await page.locator('.conversation-nav .nav-button').first().click();
  await page.locator('.turn button.cite').last().hover();
  await page.locator('.hover-card').waitFor();
  await expectHarmless(page);
});

for (const size of [13, 29]) {
  test(`all payloads streamed in pieces of ${size} stay text while they arrive`, async ({ page }) => {
    await watch(page);
    await open(page, { speed: 0 });
    await ask(page, `hostile, in pieces of ${size}`);
    await expectHarmless(page);
    await page.locator('.turn .citation-line').first().click();
    await page.locator('.sheet img').waitFor();
    await expectHarmless(page);
  });
}

test('a link shows where it leads and opens only when told to', async ({ page }) => {
  await open(page);
  await ask(page, 'Show a table');
  await page.getByRole('button', { name: /Link to tenants.example/ }).click();
  await expect(page.locator('.link-target')).toHaveText('https://tenants.example/advice');
  expect(await page.evaluate(() => window.mockOpened)).toBeUndefined();
  await page.getByRole('button', { name: 'Open in the browser' }).click();
  await expect.poll(() => page.evaluate(() => window.mockOpened)).toBe('https://tenants.example/advice');
});
