import type { Page } from '@playwright/test';
import { expect, open, test } from './window';

// Times of long tasks (over 50 ms) that the browser itself reports while `work` runs.
async function longTasks(page: Page, work: () => Promise<void>): Promise<number[]> {
  await page.evaluate(() => {
    const times: number[] = [];
    new PerformanceObserver((list) => {
      for (const entry of list.getEntries()) times.push(Math.round(entry.duration));
    }).observe({ type: 'longtask' });
    Object.assign(window, { longTasks: times });
  });
  await work();
  await page.waitForTimeout(300);
  return page.evaluate(() => (window as unknown as { longTasks: number[] }).longTasks);
}

// Wall-clock figures mean something only on a machine that is otherwise idle: DOCMIND_SPEED=0 leaves the limit out.
const limited = process.env.DOCMIND_SPEED !== '0';

async function scroll(page: Page, selector: string): Promise<void> {
  const box = await page.locator(selector).boundingBox();
  if (!box) throw new Error(`${selector} is not on the screen`);
  await page.mouse.move(box.x + box.width / 2, box.y + box.height / 2);
  for (let step = 0; step < 40; step++) {
    await page.mouse.wheel(0, step % 8 === 7 ? -1500 : 900);
    await page.waitForTimeout(16);
  }
}

test('ten thousand documents scroll without a long task', async ({ page }) => {
  await open(page, { documents: 10_000, turns: 0 });
  await page
    .getByRole('button', { name: /All documents/ })
    .first()
    .click();
  await page.locator('.document-line').first().waitFor();
  await page.waitForTimeout(500);
  const times = await longTasks(page, () => scroll(page, '.document-rows'));
  test.info().annotations.push({ type: 'long tasks', description: JSON.stringify(times) });
  expect(await page.locator('.document-line').count()).toBeLessThan(60);
  if (limited) expect(times).toEqual([]);
});

test('a conversation of two thousand messages opens and scrolls without a long task', async ({ page }) => {
  await open(page, { turns: 1000 });
  const times = await longTasks(page, async () => {
    await page.getByRole('button', { name: 'A long reading of the lease', exact: true }).click();
    await page.locator('.turn').first().waitFor();
    await scroll(page, '.transcript');
  });
  test.info().annotations.push({ type: 'long tasks', description: JSON.stringify(times) });
  expect(await page.locator('.turn').count()).toBeLessThan(20);
  if (limited) expect(times).toEqual([]);
});
