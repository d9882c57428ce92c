import type { Page } from '@playwright/test';
import { expect, open, test } from './window';

async function showAll(page: Page): Promise<void> {
  await page.locator('.nav-list .nav-button').first().click();
  await page.locator('.document-rows[aria-busy="false"]').waitFor();
  await page.locator('.document-line:not(.waiting)').nth(3).waitFor();
}

/** Where the list begins, and whether all of the line above it is in sight. */
async function measured(page: Page): Promise<{ top: number; overflow: number; lines: number }> {
  const top = (await page.locator('.document-table').boundingBox())?.y ?? Number.NaN;
  const { overflow, lines } = await page.locator('.toolbar').evaluate((bar) => ({
    overflow: Math.max(0, bar.scrollWidth - bar.clientWidth),
    lines: new Set(
      [...bar.querySelectorAll('button, select, input')]
        .map((each) => each.getBoundingClientRect())
        .filter((box) => box.width > 0)
        .map((box) => Math.round((box.top + box.height / 2) / 8)),
    ).size,
  }));
  return { top, overflow, lines };
}

for (const language of ['en', 'de'])
  for (const textSize of [100, 150])
    test(`selecting does not move the list: ${language}, text at ${textSize} %`, async ({ page }) => {
      await open(page, { language, text_size: textSize });
      await showAll(page);
      for (const width of [1280, 1680, 1024, 700, 480]) {
        await page.setViewportSize({ width, height: 800 });
        await page.keyboard.press('Escape');
        const before = await measured(page);
        await page.locator('.document-line').nth(2).click();
        await expect(page.locator('.selection')).toBeVisible();
        const after = await measured(page);
        expect(after, `${width} px`).toEqual({ ...before, overflow: 0, lines: 1 });
        expect(before.overflow, `${width} px`).toBe(0);
        await page.locator('.document-rows').focus();
        await page.keyboard.press('Escape');
        await expect(page.locator('.selection')).toHaveCount(0);
      }
    });

test('selecting what can be read again, and naming a collection, do not move the list either', async ({ page }) => {
  await open(page, { documents: 3000, language: 'de' });
  await showAll(page);
  await page.locator('.toolbar select').selectOption('problem');
  await page.locator('.document-rows[aria-busy="false"]').waitFor();
  const before = await measured(page);
  await page.locator('.document-line').nth(2).click();
  await expect(page.getByRole('button', { name: 'Erneut versuchen' })).toBeVisible();
  expect(await measured(page)).toEqual(before);
  await page.getByRole('button', { name: 'Zu Sammlung hinzufügen' }).click();
  await page.getByRole('menuitem', { name: 'Neue Sammlung …' }).click();
  const field = page.getByRole('textbox', { name: 'Name der Sammlung' });
  await expect(field).toBeFocused();
  expect(await measured(page)).toEqual(before);
  await field.press('Enter');
  await expect(page.getByRole('button', { name: 'Zu Sammlung hinzufügen' })).toBeFocused();
  await expect(page.locator('.nav-list').getByText('Neue Sammlung')).toBeVisible();
});

test('a double click opens the document that it is on', async ({ page }) => {
  await open(page);
  await showAll(page);
  for (const at of [1, 2, 5]) {
    await page.locator('.document-rows').focus();
    await page.keyboard.press('Escape');
    const line = page.locator('.document-line').nth(at);
    const name = (await line.locator('bdi').first().textContent()) ?? '';
    const box = await line.boundingBox();
    if (!box) throw new Error('the line is not on the screen');
    // At one place: whatever lies there at the second press is what it goes to.
    await page.mouse.dblclick(box.x + 120, box.y + 4);
    await expect(page.locator('.source-head h2')).toHaveText(name);
  }
});

test('where there is no room for buttons, a menu has what can be done with the selection', async ({ page }) => {
  await open(page);
  await showAll(page);
  await page.setViewportSize({ width: 480, height: 800 });
  await page.locator('.document-line').nth(1).click();
  await page.getByRole('button', { name: 'Actions for what is selected' }).click();
  await page.getByRole('menuitem', { name: 'Remove' }).click();
  await expect(page.locator('.toast')).toContainText('removed from the library');
});
