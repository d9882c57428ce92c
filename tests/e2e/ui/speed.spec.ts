import type { Browser, Page } from '@playwright/test';
import { expect, open, test } from './window';

interface TraceEvent {
  name: string;
  ph: string;
  pid: number;
  tid: number;
  tdur?: number;
  args?: { name?: string };
}

/** Longest a task of the page may compute. */
const LIMIT_MS = 50;

// Milliseconds that the page's main thread computed in each task over the limit, from Chromium's own trace: processor time of the
// thread, so that what else the machine does is not counted.
async function longTasks(browser: Browser, page: Page, what: string, work: () => Promise<void>): Promise<number[]> {
  await browser.startTracing(page, { categories: ['toplevel', 'devtools.timeline'] });
  await work();
  await page.waitForTimeout(300);
  const { traceEvents } = JSON.parse((await browser.stopTracing()).toString()) as { traceEvents: TraceEvent[] };
  const main = new Set(
    traceEvents
      .filter((event) => event.ph === 'M' && event.name === 'thread_name' && event.args?.name === 'CrRendererMain')
      .map((event) => `${event.pid}.${event.tid}`),
  );
  const tasks = traceEvents.filter(
    (event) => event.ph === 'X' && event.name.endsWith('RunTask') && main.has(`${event.pid}.${event.tid}`),
  );
  expect(tasks.some((task) => task.tdur !== undefined)).toBe(true);
  const times = tasks.map((task) => (task.tdur ?? 0) / 1000);
  const over = times.map(Math.round).filter((ms) => ms > LIMIT_MS);
  const longest = Math.max(...times).toFixed(1);
  process.stdout.write(`${what}: longest of ${times.length} tasks ${longest} ms, ${over.length} over ${LIMIT_MS} ms\n`);
  return over;
}

/** A task that is long by itself is long every time; one that another program slowed down (shared caches, a slower clock) is not. */
async function expectNone(measure: () => Promise<number[]>): Promise<void> {
  let over: number[] = [];
  for (let attempt = 0; attempt < 3; attempt++) {
    over = await measure();
    if (over.length === 0) return;
  }
  expect(over).toEqual([]);
}

async function scroll(page: Page, selector: string): Promise<void> {
  const box = await page.locator(selector).boundingBox();
  if (!box) throw new Error(`${selector} is not on the screen`);
  await page.mouse.move(box.x + box.width / 2, box.y + box.height / 2);
  for (let step = 0; step < 40; step++) {
    await page.mouse.wheel(0, step % 8 === 7 ? -1500 : 900);
    await page.waitForTimeout(16);
  }
}

test('ten thousand documents scroll without a long task', async ({ page, browser }) => {
  await expectNone(async () => {
    await open(page, { documents: 10_000, turns: 0 });
    await page
      .getByRole('button', { name: /All documents/ })
      .first()
      .click();
    await page.locator('.document-line').first().waitFor();
    await page.waitForTimeout(500);
    return longTasks(browser, page, '10,000 documents', () => scroll(page, '.document-rows'));
  });
  expect(await page.locator('.document-line').count()).toBeLessThan(60);
});

test('a conversation of two thousand messages opens and scrolls without a long task', async ({ page, browser }) => {
  await expectNone(async () => {
    await open(page, { turns: 1000 });
    return longTasks(browser, page, '2,000 messages', async () => {
      // Found by its class: a search by role computes the name of everything in the page, in a task of its own.
      await page.locator('.conversation-nav .nav-button', { hasText: 'A long reading of the lease' }).click();
      await page.locator('.turn').nth(1).waitFor();
      await scroll(page, '.transcript');
    });
  });
  expect(await page.locator('.turn').count()).toBeLessThan(20);
});

test('an answer of fifty documents scrolls without a long task', async ({ page, browser }) => {
  await expectNone(async () => {
    await open(page, { documents: 90, turns: 0 });
    await page.locator('#question').fill('List all 60 documents');
    await page.locator('#question').press('Enter');
    await page.locator('.citation-list').waitFor();
    await page.waitForTimeout(500);
    return longTasks(browser, page, '50 documents in an answer', () => scroll(page, '.transcript'));
  });
});
