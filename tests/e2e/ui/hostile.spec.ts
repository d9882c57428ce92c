import { ask, expect, open, test } from './window';

test('hostile text, titles and names run nothing, fetch nothing and break no layout', async ({ page }) => {
  await open(page, { hostile: 1 });
  await page.locator('.conversation-nav .nav-button').first().click();
  const transcript = page.locator('.transcript');
  await expect(transcript.locator('.turn').first()).toBeVisible();
  for (let step = 0; step < 80; step++) {
    const end = await transcript.evaluate((element) => {
      element.scrollTop += 500;
      return element.scrollTop + element.clientHeight >= element.scrollHeight - 2;
    });
    await page.waitForTimeout(30);
    if (end) break;
  }
  await page
    .getByRole('button', { name: /All documents/ })
    .first()
    .click();
  await expect(page.locator('.document-line').first()).toBeVisible();
  const state = await page.evaluate(() => ({
    pwned: window.__pwned === true,
    foreign: [...document.querySelectorAll('iframe, object, embed, a[href], img:not([src^="blob:"])')].map((element) =>
      element.outerHTML.slice(0, 80),
    ),
    wide: document.documentElement.scrollWidth > window.innerWidth,
  }));
  expect(state).toEqual({ pwned: false, foreign: [], wide: false });
});

test('all payloads streamed in one answer stay text', async ({ page }) => {
  await open(page, { speed: 0 });
  await ask(page, 'hostile');
  expect(await page.evaluate(() => window.__pwned === true)).toBe(false);
  expect(await page.locator('.column.main').evaluate((element) => element.scrollWidth <= element.clientWidth)).toBe(
    true,
  );
});

test('a link shows where it leads and opens only when told to', async ({ page }) => {
  await open(page);
  await ask(page, 'Show a table');
  await page.getByRole('button', { name: /Link to tenants.example/ }).click();
  await expect(page.locator('.link-target')).toHaveText('https://tenants.example/advice');
  expect(await page.evaluate(() => window.mockOpened)).toBeUndefined();
  await page.getByRole('button', { name: 'Open in the browser' }).click();
  await expect.poll(() => page.evaluate(() => window.mockOpened)).toBe('https://tenants.example/advice');
});
