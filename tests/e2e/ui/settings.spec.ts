import { expect, open, showSettings, test } from './window';

test('a server is checked, and its model chosen, with one press each', async ({ page }) => {
  await open(page);
  await showSettings(page);
  await page.getByLabel('Who writes the answers').selectOption('ollama');
  const address = page.getByLabel('Address of the server');
  const check = page.getByRole('button', { name: 'Check' });
  await address.fill('http://localhost:11434');
  await page.getByLabel('Model on the server').fill('nobody');
  await check.click();
  await expect(page.getByText('it has 3 models', { exact: false })).toContainText('None of them is called nobody.');
  await page.getByRole('button', { name: 'Choose a model of the server' }).click();
  await page.getByRole('menuitem', { name: 'qwen3:4b' }).click();
  await expect(page.getByLabel('Model on the server')).toHaveValue('qwen3:4b');
  // What was said goes with the address, while the button is pressed.
  await address.fill('http://nowhere');
  await check.click();
  await expect(page.locator('.server-said')).toContainText('cannot be reached');
});

test('a number beyond its bound shows what is set, and keeps the focus', async ({ page }) => {
  await open(page);
  await showSettings(page);
  const field = page.getByLabel('Longest answer, in tokens');
  for (const [typed, shown] of [
    ['99999', '16384'],
    ['', '16384'],
    ['99999', '16384'],
  ] as const) {
    await field.fill(typed);
    await field.press('Enter');
    await expect(field).toHaveValue(shown);
    await expect(field).toBeFocused();
  }
});
