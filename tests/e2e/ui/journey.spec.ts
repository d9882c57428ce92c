import type { Page } from '@playwright/test';
import {
  ask,
  expect,
  open,
  openCitation,
  showBenchmark,
  showLibrary,
  showPanel,
  showSettings,
  slowDown,
  test,
} from './window';

test('first start leads to a library, with or without a model', async ({ page }) => {
  await open(page, { welcomed: 0, documents: 0, turns: 0, model: 0 });
  await page.getByRole('button', { name: 'Try sample documents' }).click();
  await expect(page.getByText('3 documents in the library')).toBeVisible();
  await page.getByRole('button', { name: 'Start' }).click();
  await expect(page.getByText('No language model: answers quote the documents')).toBeVisible();
  await ask(page, 'When may the tenant leave?');
  await expect(page.getByText('word for word: no language model is chosen', { exact: false })).toBeVisible();
});

test('a dropped folder is read to the end, and a damaged file says why', async ({ page }) => {
  await open(page, { documents: 0, turns: 0 });
  await page.waitForFunction(() => window.mockDrop !== undefined);
  await page.evaluate(() => window.mockDrop?.({ type: 'over' }));
  await expect(page.getByText('Drop to add to the library')).toBeVisible();
  await page.evaluate(() =>
    window.mockDrop?.({ type: 'drop', paths: ['/x/one.pdf', '/x/damaged.pdf', '/x/three.pdf'] }),
  );
  await showLibrary(page);
  await expect(page.locator('.document-line .state', { hasText: 'Ready' })).toHaveCount(2, { timeout: 20_000 });
  await expect(page.locator('.document-line', { hasText: 'damaged.pdf' })).toContainText(
    'The file ends in the middle of a page.',
  );
  await page.getByRole('button', { name: 'Actions for damaged.pdf' }).click();
  await expect(page.getByRole('menuitem', { name: 'Retry' })).toBeVisible();
});

test('nothing shines through where files are dropped', async ({ page }) => {
  const target = async (options: Record<string, string | number>): Promise<Buffer> => {
    await open(page, options);
    await page.waitForFunction(() => window.mockDrop !== undefined);
    await page.evaluate(() => window.mockDrop?.({ type: 'over' }));
    await expect(page.getByText('Drop to add to the library')).toBeVisible();
    return page.screenshot({ path: `${import.meta.dirname}/artifacts/drop-${options.theme}-${options.documents}.png` });
  };
  await page.setViewportSize({ width: 900, height: 600 });
  for (const theme of ['light', 'dark']) {
    const empty = await target({ theme, documents: 0, turns: 0 });
    expect((await target({ theme, documents: 40 })).equals(empty)).toBe(true);
  }
});

test('a citation opens its page with the passage marked, and the place in the answer stays', async ({ page }) => {
  await open(page);
  await ask(page, 'When may the tenant end the lease early?');
  await openCitation(page);
  await expect(page.locator('.source-head h2')).toHaveText('Lease-2024.pdf');
  await expect(page.locator('.band.cited').first()).toBeVisible();
  await expect(page.locator('.sheet img')).toBeVisible();
  await page.keyboard.press('F8');
  await expect(page.getByText('Citation 2 of 3')).toBeVisible();
  await expect(page.locator('.page-field input')).toHaveValue('9');
  await page.keyboard.press('Alt+3');
  await expect(page.locator('.page-field input')).toHaveValue('12');
  await page.keyboard.press('Control+f');
  await page.keyboard.type('tenant');
  await expect(page.locator('.band.found.current').first()).toBeVisible();
});

test('each mark opens the passage of its own sentence, though all name one source', async ({ page }) => {
  await open(page);
  await ask(page, 'Please repeat a source');
  const marks = page.locator('.turn').last().locator('.markdown button.cite');
  await expect(marks).toHaveText(['1', '2', '1', '1']);
  // Bands are as long as what they mark.
  const marked = async (mark: number): Promise<number> => {
    await marks.nth(mark).click();
    await expect(page.locator('.band.cited').first()).toBeVisible();
    return page.locator('.band.cited').evaluateAll((bands) => bands.reduce((sum, band) => sum + band.clientWidth, 0));
  };
  const first = await marked(0);
  await expect(page.getByText('Citation 1 of 3')).toBeVisible();
  expect(await marked(2)).not.toBe(first);
  await expect(page.getByText('Citation 3 of 3')).toBeVisible();
  expect(await marked(0)).toBe(first);
  await page.keyboard.press('Shift+F8');
  await expect(page.getByText('Citation 3 of 3')).toBeVisible();
  await expect(page.locator('.turn').last().locator('.citation-list li')).toHaveCount(2);
});

test('an enlarged page is drawn sharp where it is seen', async ({ page }) => {
  await open(page);
  await ask(page, 'When may the tenant end the lease early?');
  await openCitation(page);
  await expect(page.locator('.tiles img')).toHaveCount(0);
  for (let step = 0; step < 5; step++) await page.getByRole('button', { name: 'Larger' }).click();
  await expect(page.locator('.zoom-value')).toHaveText('300%');
  await page.setViewportSize({ width: 1900, height: 800 });
  await page.getByRole('separator', { name: 'Width of the source' }).focus();
  for (let step = 0; step < 40; step++) await page.keyboard.press('ArrowLeft');
  await expect(page.locator('.tiles img').first()).toBeVisible();
  // What is drawn covers what is seen.
  const covered = () =>
    page.evaluate(() => {
      const view = document.querySelector('.source-scroll')?.getBoundingClientRect();
      if (!view) return false;
      const sheet = document.querySelector('.sheet')?.getBoundingClientRect();
      const at = { x: Math.min(view.right, sheet?.right ?? 0) - 40, y: view.bottom - 40 };
      return [...document.querySelectorAll('.tiles img')].some((tile) => {
        const { left, right, top, bottom } = tile.getBoundingClientRect();
        return left <= at.x && right >= at.x && top <= at.y && bottom >= at.y;
      });
    });
  await expect.poll(covered).toBe(true);
  await page.locator('.source-scroll').evaluate((element) => {
    element.scrollTop = element.scrollHeight;
  });
  await expect.poll(covered).toBe(true);
});

test('a full disk is said, and reading goes on when told to', async ({ page }) => {
  await open(page, { documents: 20, pending: 200, turns: 0 });
  await page.getByRole('button', { name: 'Pause' }).waitFor();
  await page.evaluate(() =>
    window.mockIngest?.({ type: 'blocked', code: 'disk_full', message: 'The disk is full.\nMake room.', detail: null }),
  );
  await expect(page.getByRole('alert')).toContainText('Make room.');
  await page.getByRole('button', { name: 'Try again' }).click();
  await expect(page.getByRole('alert')).toHaveCount(0);
  await page.evaluate(() =>
    window.mockDrop?.({ type: 'failed', code: 'library_in_use', message: 'The library is in use.', detail: null }),
  );
  await expect(page.locator('.toast.error')).toContainText('The library is in use.');
});

test('the text of a page can be selected as running text', async ({ page }) => {
  await open(page);
  await ask(page, 'When may the tenant end the lease early?');
  await openCitation(page);
  await expect(page.locator('.text-layer')).toContainText('The tenant');
});

test('an answer is stopped, kept in part, and written again', async ({ page }) => {
  await open(page, { speed: 1 });
  await page.locator('#question').fill('A long answer please');
  await page.locator('#question').press('Enter');
  await expect(page.locator('.turn .markdown').last()).toContainText('Paragraph 1', { timeout: 20_000 });
  await page.keyboard.press('Escape');
  await expect(page.getByText('Stopped by you.')).toBeVisible();
  await expect(page.getByRole('button', { name: 'Write again' })).toBeVisible();
});

/** An answer of forty paragraphs that waits in the thirtieth until it is let go. */
async function askStepped(page: Page): Promise<void> {
  await page.locator('#question').fill('A long answer, step by step');
  await page.locator('#question').press('Enter');
  await expect(page.locator('.turn .markdown').last()).toContainText('Paragraph 30.', { timeout: 240_000 });
}

async function finish(page: Page): Promise<void> {
  await page.evaluate(() => window.mockGo?.(1e6));
  await expect(page.locator('.turn .markdown').last()).toContainText('Paragraph 40.', { timeout: 240_000 });
  await expect(page.getByRole('button', { name: 'Write again' })).toBeAttached();
}

for (const times of [1, 4]) {
  test(`streaming does not move what is being read, processor ${times} times slower`, async ({ page }) => {
    await open(page, { speed: 0 });
    await slowDown(page, times);
    await askStepped(page);
    await page.locator('.transcript').hover();
    await page.mouse.wheel(0, -4000);
    await expect(page.getByRole('button', { name: 'To the end' })).toBeVisible();
    const paragraph = page.getByText('Paragraph 3.', { exact: false });
    await expect(paragraph).toBeInViewport();
    const before = await paragraph.boundingBox();
    await finish(page);
    expect((await paragraph.boundingBox())?.y).toBe(before?.y);
  });
}

test('a word that arrives before the scroll event does not undo the scroll', async ({ page }) => {
  await open(page);
  await askStepped(page);
  // In one frame: the reader moves, then the next words are drawn; the event of the move comes a frame later.
  await page.locator('.transcript').evaluate((element) => {
    requestAnimationFrame(() => {
      element.scrollTop = 200;
    });
    window.mockGo?.(30);
  });
  await expect(page.getByRole('button', { name: 'To the end' })).toBeVisible();
  expect(await page.locator('.transcript').evaluate((element) => element.scrollTop)).toBe(200);
});

test('the view follows an answer at its end, stops at the smallest scroll up, and follows again', async ({ page }) => {
  await open(page);
  await askStepped(page);
  const left = (): Promise<number> =>
    page
      .locator('.transcript')
      .evaluate((element) => Math.round(element.scrollHeight - element.scrollTop - element.clientHeight));
  expect(await left()).toBeLessThan(2);
  await page.evaluate(() => window.mockGo?.(200));
  await expect(page.locator('.turn .markdown').last()).toContainText('Paragraph 32.');
  await expect.poll(left).toBeLessThan(2);
  await page.locator('.transcript').hover();
  await page.mouse.wheel(0, -12);
  await expect(page.getByRole('button', { name: 'To the end' })).toBeVisible();
  await page.getByRole('button', { name: 'To the end' }).click();
  await finish(page);
  await expect.poll(left).toBeLessThan(2);
});

test('nothing found and a failure are said plainly', async ({ page }) => {
  await open(page);
  await ask(page, 'How far is the moon?');
  await expect(page.getByText('Not found in your documents')).toBeVisible();
  await page.locator('.nearest-passage').first().click();
  await expect(page.locator('.source-head h2')).toHaveText('Lease-2024.pdf');
  await page.locator('#question').fill('fail now');
  await page.locator('#question').press('Enter');
  await expect(page.getByText('process stopped while writing', { exact: false })).toBeVisible();
  await expect(page.getByRole('button', { name: 'Ask again' })).toBeVisible();
});

test('conversations are renamed, found, deleted and brought back', async ({ page }) => {
  await open(page);
  await page.getByRole('button', { name: 'Actions for Contract review' }).click();
  await page.getByRole('menuitem', { name: 'Rename' }).click();
  await page.getByRole('textbox', { name: 'Title of the conversation' }).fill('Leaving early');
  await page.keyboard.press('Enter');
  await expect(page.locator('.conversation-nav .nav-button', { hasText: 'Leaving early' })).toBeFocused();
  await page.getByRole('searchbox', { name: 'Search conversations' }).fill('leaving');
  await expect(page.locator('.conversation-nav .nav-line')).toHaveCount(1);
  await page.getByRole('button', { name: 'Actions for Leaving early' }).click();
  await page.getByRole('menuitem', { name: 'Delete' }).click();
  await expect(page.getByText('No conversation fits.')).toBeVisible();
  await page.getByRole('button', { name: 'Undo' }).click();
  await expect(page.locator('.conversation-nav .nav-line')).toHaveCount(1);
});

test('a profile that does not fit goes back by itself', async ({ page }) => {
  await open(page);
  await showSettings(page);
  await page.getByRole('radio', { name: /Reference/ }).check();
  await expect(page.getByText('Does not fit: needs', { exact: false })).toBeVisible();
  await page.getByRole('button', { name: 'Switch to this profile' }).click();
  await expect(page.getByText('Active again: Balanced.')).toBeVisible();
  await page.getByRole('radio', { name: /Compact/ }).check();
  await page.getByRole('button', { name: 'Switch to this profile' }).click();
  await expect(page.getByText('Profile Compact is active.')).toBeVisible();
});

test('a profile of one’s own is copied, changed, deleted and brought back', async ({ page }) => {
  await open(page);
  await showSettings(page);
  await page.getByRole('button', { name: 'Copy and change' }).click();
  await page.getByLabel('Name', { exact: true }).fill('balanced');
  await page.getByRole('button', { name: 'Save' }).click();
  await expect(page.getByRole('alert')).toContainText('exists already');
  await page.getByLabel('Name', { exact: true }).fill('for long evenings');
  await page.getByLabel('Attention flash_attn').selectOption('flash, Q8_0 cache');
  await page.getByLabel('Context n_ctx').fill('16384');
  await page.screenshot({ path: `${import.meta.dirname}/artifacts/own-profile.png` });
  await page.getByRole('button', { name: 'Save' }).click();
  const own = page.locator('.profile-option').filter({ hasText: 'for-long-evenings' });
  await expect(own).toHaveClass(/shown/);
  await expect(page.getByText('Reads up to 16,384 tokens')).toBeVisible();

  await page.getByRole('button', { name: 'Change', exact: true }).click();
  await page.getByLabel('Threads n_threads').fill('');
  await page.getByRole('button', { name: 'Save' }).click();
  await expect(page.getByRole('alert')).toContainText('not a whole number');
  await page.getByLabel('Threads n_threads').fill('4');
  await page.getByRole('button', { name: 'Save' }).click();
  await page.getByText('Parameters').click();
  await expect(page.locator('.parameters')).toContainText('n_threads4');

  await page.getByRole('button', { name: 'Delete', exact: true }).click();
  await expect(own).toHaveCount(0);
  await page.getByRole('button', { name: 'Undo' }).click();
  await expect(own).toHaveCount(1);
});

test('a benchmark runs, is shown and is kept', async ({ page }) => {
  await open(page);
  await showBenchmark(page);
  await page.getByRole('button', { name: 'Measure' }).click();
  await expect(page.getByRole('combobox', { name: 'Earlier measurements' })).toBeVisible({ timeout: 20_000 });
  await expect(page.locator('.benchmark-table tbody tr')).not.toHaveCount(0);
});

test('the promises of the optimizations are checked, each with a word', async ({ page }) => {
  await open(page);
  await showBenchmark(page);
  await page.getByRole('button', { name: 'Check the promises' }).click();
  const rows = page.locator('.promises tbody tr');
  await expect(rows).toHaveCount(5, { timeout: 20_000 });
  await expect(rows.first()).toContainText('kept');
  await expect(rows.filter({ hasText: 'Quality kept' })).toContainText('not measured');
});

test('language and theme change at once', async ({ page }) => {
  await open(page);
  await showSettings(page);
  await page.getByLabel('Language', { exact: true }).selectOption('de');
  await expect(page.getByRole('heading', { name: 'Einstellungen' })).toBeVisible();
  await page.getByLabel('Farbschema').selectOption('dark');
  await expect(page.locator('html')).toHaveAttribute('data-theme', 'dark');
});

test('all of a long list are selected, asked, removed and brought back by keys', async ({ page }) => {
  await open(page, { documents: 3000 });
  await showLibrary(page);
  await page.getByRole('grid').focus();
  await page.keyboard.press('Control+a');
  await expect(page.getByText('3,000 selected')).toBeVisible();
  await page.locator('.document-line').nth(1).click();
  await page
    .locator('.document-line')
    .nth(3)
    .click({ modifiers: ['Shift'] });
  await expect(page.getByText('3 selected')).toBeVisible();
  await page.getByRole('button', { name: 'Ask these' }).click();
  await expect(page.getByRole('button', { name: 'Search in: 3 documents' })).toBeVisible();
  await showLibrary(page);
  await page.locator('.document-line').nth(2).click();
  await page.getByRole('grid').focus();
  await page.keyboard.press('Delete');
  await expect(page.getByText('2,999 documents')).toBeVisible();
  await page.keyboard.press('Control+z');
  await expect(page.getByText('3,000 documents')).toBeVisible();
});

test('documents are sorted by their pages, the longest first', async ({ page }) => {
  await open(page);
  await showLibrary(page);
  await page.getByRole('button', { name: 'Pages', exact: true }).click();
  await expect(page.getByRole('columnheader', { name: 'Pages' })).toHaveAttribute('aria-sort', 'descending');
  // Until then the rows are those of the order before.
  await expect(page.getByRole('grid')).toHaveAttribute('aria-busy', 'false');
  const pages = async (): Promise<number[]> =>
    (await page.locator('.document-line .cell.number:nth-of-type(3)').allTextContents()).map(Number);
  await expect.poll(async () => (await pages()).slice(0, 8)).not.toContain(Number.NaN);
  const shown = await pages();
  expect(shown.length).toBeGreaterThan(5);
  expect(shown).toEqual([...shown].sort((a, b) => b - a));
});

test('a file that has changed says so, and is read again when told to', async ({ page }) => {
  await open(page);
  await showLibrary(page);
  await page.locator('.document-line', { hasText: 'Changed' }).dblclick();
  await expect(page.locator('.source-panel .note')).toContainText('has changed since it was read');
  await page.getByRole('button', { name: 'Read it again' }).click();
  await expect(page.locator('.source-panel .note')).toHaveCount(0);
  await expect(page.locator('.sheet img')).toBeVisible();
});

test('a passage that is no longer on its page is not marked, and that is said', async ({ page }) => {
  await open(page);
  await ask(page, 'An outdated answer');
  await openCitation(page);
  await expect(page.locator('.source-scroll .note')).toContainText('no longer on this page');
  await expect(page.locator('.band.cited')).toHaveCount(0);
});

test('the menu of a thing opens under the pointer and on a key', async ({ page }) => {
  await open(page);
  await showLibrary(page);
  const line = page.locator('.document-line').nth(1);
  await line.click({ button: 'right', position: { x: 120, y: 20 } });
  const menu = page.getByRole('menu');
  await expect(menu).toBeVisible();
  const [box, place] = [await menu.boundingBox(), await line.boundingBox()];
  expect(Math.abs((box?.x ?? 0) - (place?.x ?? 0) - 120)).toBeLessThan(3);
  await page.keyboard.press('Escape');
  await line.click();
  await page.getByRole('grid').focus();
  await page.keyboard.press('Shift+F10');
  await expect(menu).toBeVisible();
});

test('the palette leads to a setting, and the search leaves only what fits', async ({ page }) => {
  await open(page);
  await page.keyboard.press('Control+k');
  await page.keyboard.type('setting: text size');
  await page.keyboard.press('Enter');
  await expect(page.getByRole('searchbox', { name: 'Search the settings' })).toHaveValue('Text size');
  await expect(page.locator('.setting')).toHaveCount(1);
  await expect(page.getByRole('heading', { level: 2, name: 'Answers' })).toBeHidden();
  await page.getByRole('searchbox', { name: 'Search the settings' }).fill('nothing is called so');
  await expect(page.getByText('No setting fits.')).toBeVisible();
});

test('a model leaves the list with a way back', async ({ page }) => {
  await open(page);
  await showSettings(page);
  await page.getByRole('button', { name: 'Language models' }).click();
  await page.getByRole('button', { name: 'Actions for Tiny (synthetic)' }).click();
  await page.getByRole('menuitem', { name: 'Remove from the list' }).click();
  await expect(page.locator('.model-card', { hasText: 'Tiny' })).toHaveCount(0);
  await page.getByRole('button', { name: 'Undo' }).click();
  await expect(page.locator('.model-card', { hasText: 'Tiny' })).toHaveCount(1);
});

test('the panel draws speeds while an answer is written, and names what the profile sets', async ({ page }) => {
  await open(page);
  await showPanel(page);
  await expect(page.getByRole('list', { name: 'Parameters' })).toContainText('Context 8,192');
  await expect(page.locator('.plot-line')).toHaveCount(0);
  await page.locator('#question').fill('A long answer, step by step');
  await page.locator('#question').press('Enter');
  await expect(page.locator('.plot-line')).toHaveCount(2);
  await page.keyboard.press('Escape');
});

test('words are found in a conversation, marked and stepped through', async ({ page }) => {
  await open(page, { turns: 60 });
  await page.locator('.conversation-nav .nav-button').first().click();
  await page.locator('.turn').first().waitFor();
  await page.keyboard.press('Control+f');
  const field = page.getByRole('searchbox', { name: 'Find in this conversation' });
  await field.fill('bicycles');
  await expect(page.locator('.find-bar [role=status]')).toHaveText('9 of 9');
  const marked = (): Promise<string> =>
    page.evaluate(() => [...(CSS.highlights.get('found-current') ?? [])].map((range) => `${range}`).join());
  await expect.poll(marked).toBe('bicycles');
  await field.press('Enter');
  await expect(page.locator('.find-bar [role=status]')).toHaveText('1 of 9');
  await expect(page.getByText('Question 4:', { exact: false })).toBeInViewport();
  await expect.poll(marked).toBe('bicycles');
  await field.press('Escape');
  await expect(field).toHaveCount(0);
  await expect.poll(marked).toBe('');
});

test('the card of a citation does not lie over what the click opened', async ({ page }) => {
  await open(page);
  await ask(page, 'When may the tenant end the lease early?');
  const chip = page.locator('.turn').last().locator('.markdown button.cite').first();
  await chip.hover();
  await expect(page.locator('.hover-card')).toBeVisible();
  await chip.click();
  await page.locator('.sheet img').waitFor();
  await page.waitForTimeout(500);
  await expect(page.locator('.hover-card')).toHaveCount(0);
  await page.locator('.composer').hover();
  await chip.hover();
  await expect(page.locator('.hover-card')).toBeVisible();
});

test('a passage that was considered opens beside the reasons', async ({ page }) => {
  await open(page);
  await ask(page, 'When may the tenant end the lease early?');
  await page.getByRole('button', { name: 'Why this answer' }).last().click();
  await page.locator('.trace-table button').nth(1).click();
  await expect(page.locator('.page-field input')).toHaveValue('9');
  await expect(page.locator('.band.cited').first()).toBeVisible();
});

test('files copied elsewhere are added when they are pasted, and a text is not', async ({ page }) => {
  await open(page, { documents: 0, turns: 0 });
  const paste = (text: string): Promise<void> =>
    page.evaluate((words) => {
      const clipboardData = new DataTransfer();
      clipboardData.setData('text/plain', words);
      document.body.dispatchEvent(new ClipboardEvent('paste', { clipboardData, bubbles: true }));
    }, text);
  await paste('some words');
  await paste('file:///home/ada/one%20more.pdf\n/home/ada/two.pdf');
  await showLibrary(page);
  await expect(page.locator('.document-line')).toHaveCount(2);
  await expect(page.locator('.document-line', { hasText: 'one more.pdf' })).toHaveCount(1);
});

test('messages never lie over the field for questions', async ({ page }) => {
  for (const options of [{}, { text_size: 150 }]) {
    await open(page, options);
    await page.locator('.conversation-nav .nav-button').nth(1).focus();
    await page.keyboard.press('Delete');
    const toast = await page.locator('.toast').boundingBox();
    const composer = await page.locator('.composer').boundingBox();
    expect((toast?.y ?? 0) + (toast?.height ?? 0)).toBeLessThanOrEqual(composer?.y ?? 0);
    await page.keyboard.press('Control+z');
  }
});

test('what is named in the side bar is renamed and deleted by keys', async ({ page }) => {
  await open(page);
  const line = page.locator('.nav-button', { hasText: 'Manuals' });
  await line.focus();
  await page.keyboard.press('F2');
  await page.keyboard.type('Handbooks');
  await page.keyboard.press('Enter');
  await expect(page.locator('.nav-button', { hasText: 'Handbooks' })).toBeVisible();
  await page.locator('.nav-button', { hasText: 'Handbooks' }).focus();
  await page.keyboard.press('Delete');
  await expect(page.locator('.nav-button', { hasText: 'Handbooks' })).toHaveCount(0);
  await page.getByRole('button', { name: 'Undo' }).click();
  await expect(page.locator('.nav-button', { hasText: 'Handbooks' })).toBeVisible();
});

test('each document is asked by itself: fifty of them under their names, each mark with its passage', async ({
  page,
}) => {
  await open(page, { documents: 90 });
  await ask(page, 'Which of the 60 documents name a notice period?');
  await page.getByRole('button', { name: 'Search in: All documents' }).click();
  await page.getByRole('menuitemcheckbox', { name: 'Each document by itself' }).click();
  await ask(page, 'Which of the 60 documents name a notice period?');
  const turn = page.locator('.turn').last();
  await expect(turn.getByText('say something about this, 50 of them are quoted.', { exact: false })).toBeVisible();
  await expect(turn.locator('.markdown strong')).toHaveCount(50);
  await expect(turn.locator('.citation-list .cite')).toHaveCount(10);
  await page.screenshot({ path: `${import.meta.dirname}/artifacts/each-end.png` });
  await turn.locator('.markdown strong').nth(24).scrollIntoViewIfNeeded();
  await page.screenshot({ path: `${import.meta.dirname}/artifacts/each-middle.png` });
  const name = (await turn.locator('.markdown strong').nth(24).textContent()) ?? '';
  const mark = turn.getByRole('button', { name: /^Citation 25:/ }).first();
  const before = await mark.boundingBox();
  await mark.click();
  await expect(page.locator('.source-head h2')).toHaveText(name);
  await expect(page.locator('.source-scroll')).toContainText('The landlord');
  // The source took half the room, and every line above breaks anew: what was pressed is where it was.
  expect(Math.abs(((await mark.boundingBox())?.y ?? 0) - (before?.y ?? 0))).toBeLessThan(2);
});

test('a few passages for a question about everything say so, and lead to each document', async ({ page }) => {
  await open(page);
  await ask(page, 'Which documents name a notice period?');
  const turn = page.locator('.turn').last();
  await turn.getByRole('button', { name: 'Ask each document' }).click();
  await expect(page.getByText('12 of', { exact: false })).toContainText('documents say something about this.');
  await expect(page.getByText('Written from a few passages.')).toHaveCount(0);
});

test('words selected in a document begin a question about it', async ({ page }) => {
  await open(page);
  await ask(page, 'When may the tenant end the lease early?');
  await openCitation(page);
  await page.locator('.text-layer span', { hasText: 'landlord' }).first().dblclick();
  await page.getByRole('button', { name: 'Ask about this document' }).click();
  await page.screenshot({ path: `${import.meta.dirname}/artifacts/source-ask.png` });
  await page.getByRole('menuitem', { name: 'Ask about the selection' }).click();
  await expect(page.locator('#question')).toHaveValue(/^About “\S+”: $/);
  await expect(page.locator('#question')).toBeFocused();
  await expect(page.getByRole('button', { name: 'Search in: 1 document' })).toBeVisible();
});

test('the search in a conversation opens from another page, and takes the focus when called again', async ({
  page,
}) => {
  await open(page);
  await ask(page, 'When may the tenant end the lease early?');
  await showLibrary(page);
  await page.keyboard.press('Control+Shift+f');
  const field = page.getByRole('searchbox', { name: 'Find in this conversation' });
  await expect(field).toBeFocused();
  await field.fill('tenant');
  await page.locator('#question').focus();
  await page.keyboard.press('Control+f');
  await expect(field).toBeFocused();
  await page.keyboard.type('lease');
  await expect(field).toHaveValue('lease');
});
