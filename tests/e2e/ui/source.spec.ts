import type { Page } from '@playwright/test';
import { ask, expect, open, openCitation, showLibrary, test } from './window';

const pageNumber = (page: Page) => page.locator('.page-field input');
const scroller = (page: Page) => page.locator('.source-scroll');

/** How far the page is scrolled, as a share of how far it can be. */
async function scrolled(page: Page): Promise<number> {
  return scroller(page).evaluate(({ scrollTop, scrollHeight, clientHeight }) =>
    scrollHeight > clientHeight ? scrollTop / (scrollHeight - clientHeight) : 0,
  );
}

async function readLease(page: Page): Promise<void> {
  await open(page, { documents: 12, turns: 0 });
  await showLibrary(page);
  await page.locator('.document-line', { hasText: 'Lease-2024.pdf' }).dblclick();
  await page.locator('.sheet img').waitFor();
  await page.setViewportSize({ width: 1280, height: 520 });
}

test('the wheel reads on: down to the end of a page, then the next from its top', async ({ page }) => {
  await readLease(page);
  await scroller(page).hover();
  await page.mouse.wheel(0, 4000);
  await expect.poll(() => scrolled(page)).toBeGreaterThan(0.99);
  // The movement that arrived there does not turn the page.
  await expect(pageNumber(page)).toHaveValue('1');
  await page.waitForTimeout(400);
  await page.mouse.wheel(0, 120);
  await expect(pageNumber(page)).toHaveValue('2');
  await expect.poll(() => scrolled(page)).toBe(0);
  await page.waitForTimeout(400);
  await page.mouse.wheel(0, -120);
  await expect(pageNumber(page)).toHaveValue('1');
  await expect.poll(() => scrolled(page)).toBeGreaterThan(0.99);
});

test('Page up at the top of a page goes to the foot of the one before', async ({ page }) => {
  await readLease(page);
  await pageNumber(page).fill('5');
  await pageNumber(page).press('Enter');
  await expect(pageNumber(page)).toBeFocused();
  await scroller(page).focus();
  await page.keyboard.press('PageUp');
  await expect(pageNumber(page)).toHaveValue('4');
  await expect.poll(() => scrolled(page)).toBeGreaterThan(0.99);
  await page.keyboard.press('PageDown');
  await expect(pageNumber(page)).toHaveValue('5');
  await expect.poll(() => scrolled(page)).toBe(0);
});

test('a search goes to what it finds on the cited page, and closing it leaves the view there', async ({ page }) => {
  await open(page);
  await page.setViewportSize({ width: 1280, height: 420 });
  await ask(page, 'When may the tenant end the lease early?');
  await openCitation(page);
  await expect(page.locator('.band.cited').first()).toBeInViewport();
  await page.getByRole('button', { name: 'Search in this document' }).click();
  await page.getByRole('searchbox', { name: 'Search in this document' }).fill('keys');
  await expect(page.locator('.band.found.current').first()).toBeInViewport();
  await page.keyboard.press('Enter');
  await page.keyboard.press('Enter');
  await expect(page.locator('.band.found.current').first()).toBeInViewport();
  await scroller(page).evaluate((element) => {
    element.scrollTop += 37;
  });
  const before = await scroller(page).evaluate((element) => element.scrollTop);
  const at = await pageNumber(page).inputValue();
  await page.getByRole('searchbox', { name: 'Search in this document' }).press('Escape');
  await expect(page.locator('.find-bar')).toHaveCount(0);
  // The bar gives its height to the page: what was at its top stays there.
  expect(await scroller(page).evaluate((element) => element.scrollTop)).toBe(before);
  await expect(pageNumber(page)).toHaveValue(at);
});
