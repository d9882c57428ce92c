import { execFileSync } from 'node:child_process';
import { cpSync, mkdirSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, beforeAll, test } from 'vitest';
import type { DocMind } from './docmind';
import { ROOT, SAMPLES, Stage, sleep, until } from './stage';

// `cargo xtask desktop screenshots`: the README's pictures, taken in use. `DOCMIND_MODEL` names a GGUF file; without one the tiny
// model of the tests stands in.

const OUT = join(ROOT, 'assets/screenshots');
// A path that may be seen.
const HOUSEHOLD = join(tmpdir(), 'Household');
const QUESTION = 'How can the tenant end the lease, and what does it cost?';
const stage = new Stage();
let docmind: DocMind;

beforeAll(async () => {
  await stage.begin();
  mkdirSync(OUT, { recursive: true });
});

afterAll(async () => {
  await stage.end();
  rmSync(HOUSEHOLD, { recursive: true, force: true });
});

async function keep(name: string): Promise<void> {
  await sleep(400);
  const taken = await docmind.picture(name);
  const small = join(stage.folder, `${name}.png`);
  const words = ['-strip', '-define', 'png:compression-level=9', '-define', 'png:compression-filter=5'];
  execFileSync('convert', [taken, ...words, small]);
  cpSync(small, join(OUT, `${name}.png`));
  process.stdout.write(`  assets/screenshots/${name}.png, ${Math.round(readFileSync(small).length / 1000)} kB\n`);
}

async function theme(name: 'light' | 'dark'): Promise<void> {
  await docmind.go('Settings');
  const choice = docmind.element(`//select[option[@value="dark"]]`);
  await choice.waitForExist({ timeout: 60_000 });
  await choice.selectByAttribute('value', name);
  await until('the theme is on', () =>
    docmind.browser.execute((wanted) => document.documentElement.dataset.theme === wanted, name),
  );
}

async function closeToasts(): Promise<void> {
  await until('nothing is announced any more', () =>
    docmind.browser.execute(() => document.querySelectorAll('.toast').length === 0),
  );
}

/** So that nothing hangs under the pointer. */
async function pointAway(): Promise<void> {
  await docmind.element('#question').moveTo();
  await closeToasts();
}

/** Documents as a household has them; one of them is damaged. */
function household(): string {
  rmSync(HOUSEHOLD, { recursive: true, force: true });
  const folder = HOUSEHOLD;
  cpSync(SAMPLES, folder, { recursive: true });
  const lease = readFileSync(join(SAMPLES, 'lease-agreement.pdf'));
  writeFileSync(join(folder, 'insurance-2019.pdf'), Buffer.concat([lease.subarray(0, 40), Buffer.alloc(90_000, 0x2e)]));
  return folder;
}

test('pictures', { timeout: 1_800_000 }, async () => {
  docmind = await stage.docmind(stage.path('library'));
  await docmind.press('Start');
  await docmind.command('add_paths', { paths: [household()] });
  await until('all are read', async () => (await docmind.command<{ ready: number }>('summary')).ready === 7);
  await theme('light');

  await docmind.go('All documents');
  await docmind.see('Damaged', 'main');
  await closeToasts();
  await docmind.element('//*[@role="row"][contains(., "insurance-2019.pdf")]').click();
  await keep('library-light');

  await docmind.go('New conversation');
  await docmind.ask(QUESTION);
  await docmind.element('//article//button[starts-with(@aria-label, "Citation 1:")]').click();
  await docmind.element('.sheet img').waitForDisplayed({ timeout: 60_000 });
  await pointAway();
  await keep('answer-light');

  const file = process.env.DOCMIND_MODEL ?? stage.model('q4_k_m');
  // A channel that nobody listens to: how far it is, is no matter here.
  const job = { job: 1_000_000, events: '__CHANNEL__:0' };
  const stored = await docmind.command<{ name: string }>('add_model', { path: file, ...job });
  await docmind.command('change_settings', { change: { model: stored.name } });
  await docmind.browser.refresh();
  await docmind.usable();
  await docmind.go('Settings');
  await docmind.see(/Fits: needs/);
  await closeToasts();
  await keep('profiles-light');

  await theme('dark');
  await docmind.go('New conversation');
  await docmind.say(
    'After the initial term, the tenant may end the lease with a notice of 90 days, in writing, to the end of a month [S1L]. ' +
      'During the initial term that is possible only after twelve months and with a fee of two months of rent [S1L]. ' +
      'The fee is not due if the tenant presents a successor whom the landlord accepts [S1L].',
  );
  await docmind.element('.status-strip').click();
  await docmind.send(QUESTION);
  await docmind.answered(1, 900_000);
  await docmind.see(/t\/s/, '.status-strip');
  await sleep(1500);
  await keep('performance-dark');
  await docmind.element('.status-strip').click();
  await docmind.element('//article//button[starts-with(@aria-label, "Citation 1:")]').click();
  await docmind.element('.sheet img').waitForDisplayed({ timeout: 60_000 });
  await pointAway();
  await keep('answer-dark');

  await docmind.press('Why this answer');
  await sleep(2000);
  await keep('why-dark');
  await docmind.close();
});
