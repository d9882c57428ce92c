import { cpSync, mkdirSync, readdirSync, readFileSync, writeFileSync } from 'node:fs';
import { createServer } from 'node:http';
import { join } from 'node:path';
import { afterAll, afterEach, beforeAll, expect, test } from 'vitest';
import { HOSTILE_MARKDOWN, HOSTILE_NAMES } from '../../../ui/src/ipc/mock/hostile';
import { type DocMind, pixel } from './docmind';
import { answerDialog, clipboard, dropFiles, resizeWindow, SAMPLES, Stage, until } from './stage';

// The whole way of a first day, in the real window on the real engine, one step after the other.

const QUESTION = 'How many days of notice does the tenant have to give?';
const stage = new Stage();
let data: string;
let docmind: DocMind;

beforeAll(async () => {
  await stage.begin();
  data = stage.path('library');
  stage.model('q4_k_m');
  stage.model('f16');
  docmind = await stage.docmind(data);
});

afterEach(async ({ task }) => {
  if (task.result?.state === 'fail') await docmind.picture(`failed-${task.name.replace(/\W+/g, '-')}`).catch(() => {});
});

afterAll(async () => {
  await stage.end();
});

/** A folder as somebody has it: documents in folders, one of them damaged. */
function folderToDrop(): string {
  const folder = stage.path('My documents');
  cpSync(SAMPLES, join(folder, 'house'), { recursive: true });
  mkdirSync(join(folder, 'old'));
  const lease = readFileSync(join(SAMPLES, 'lease-agreement.pdf'));
  writeFileSync(join(folder, 'old', 'damaged.pdf'), Buffer.concat([lease.subarray(0, 40), Buffer.alloc(900, 0x2e)]));
  return folder;
}

test('first start: what it is, a model of one’s own by the file dialog, and on', async () => {
  await docmind.see('Welcome to DocMind');
  await docmind.see('no GPU', 'main');
  await docmind.picture('first-start');
  await docmind.press('Choose a model file');
  await answerDialog(docmind.pid, 'Open File', stage.model('q4_k_m'));
  await docmind.see('DocMind tiny');
  await docmind.press('Start');
  await docmind.see('Drop documents here');
  await docmind.picture('empty-library');
});

test('a folder dragged from another window is shown a target and read to the end', async () => {
  await dropFiles([folderToDrop()], async () => {
    await docmind.see('Drop to add to the library');
    await docmind.picture('drop-target');
  });
  await docmind.go('All documents');
  await docmind.picture('reading');
  await until('everything is settled', async () => {
    const words = await docmind.words('main');
    return words.includes('Damaged') && (words.match(/^Ready$/gm)?.length ?? 0) === 7;
  });
  expect(await docmind.words('main')).not.toContain('Being read');
});

test('a damaged file says so, with what to do', async () => {
  await docmind.see(/damaged\.pdf[\s\S]*Damaged/, 'main');
  await docmind.press('Actions for damaged.pdf');
  await docmind.element('//*[@role="menuitem"][normalize-space(.)="Retry"]').waitForDisplayed({ timeout: 20_000 });
  await docmind.picture('damaged-file');
  await docmind.browser.keys('Escape');
});

test('a question is answered from the sources, streamed, with what is not supported marked', async () => {
  await docmind.go('New conversation');
  const answer = [
    'The tenant may end the lease with a notice of 90 days [S1L].',
    'The landlord may end it with a notice of 180 days, and only for personal use or serious breach of this agreement [S1L].',
    'During the initial term the tenant may end the lease early only after twelve months and with a fee of two months of rent [S1L].',
    'The rent is paid in pearls and amber.',
  ].join(' ');
  await docmind.say(answer);
  await docmind.browser.execute(() => {
    const seen: string[] = [];
    (window as unknown as { seen: string[] }).seen = seen;
    new MutationObserver(() => {
      const words = document.querySelector('article.turn[aria-busy="true"]')?.textContent ?? '';
      if (words !== seen.at(-1)) seen.push(words);
    }).observe(document.body, { subtree: true, childList: true, characterData: true });
  });
  const words = await docmind.ask(QUESTION);
  expect(words).toContain('a notice of 90 days');
  expect(words).toContain('One sentence is not fully covered');
  const seen = await docmind.browser.execute(() => (window as unknown as { seen: string[] }).seen);
  const growing = seen.filter((text) => text.includes('The tenant may'));
  // Messages are merged to thirty a second: how many there are is the machine's speed.
  expect(growing.length, 'the answer grew before it was whole').toBeGreaterThan(1);
  expect(seen.some((text) => text.includes('word for word, while the answer is written'))).toBe(true);
  await docmind.picture('answer');
});

test('a citation opens its page with the passage marked where it stands', async () => {
  await docmind
    .element('//article//button[starts-with(@aria-label, "Citation 1: Residential Lease Agreement, page 2")]')
    .click();
  const picture = docmind.element('.sheet img');
  await picture.waitForDisplayed({ timeout: 60_000 });
  expect(await docmind.element('.page-field input').getValue()).toBe('2');
  await docmind.element('.band.cited').waitForDisplayed({ timeout: 60_000 });
  // Away with the card over the chip.
  await docmind.element('.source-head h2').moveTo();
  const marked = await docmind.browser.execute(() => {
    const bands = [...document.querySelectorAll('.band.cited')].map((band) => band.getBoundingClientRect());
    const middle = (box: DOMRect): [number, number] => [box.x + box.width / 2, box.y + box.height / 2];
    const lines = [...document.querySelectorAll<HTMLElement>('.text-layer *')].filter((line) => {
      const box = line.getBoundingClientRect();
      return (
        line.children.length === 0 && bands.some((band) => middle(box)[1] > band.y && middle(box)[1] < band.bottom)
      );
    });
    const image = document.querySelector<HTMLImageElement>('.sheet img');
    return {
      bands: bands.map(({ x, y, width, height }) => ({ x, y, width, height })),
      words: lines.map((line) => line.textContent).join(' '),
      drawn: image?.naturalWidth ?? 0,
      height: window.innerHeight,
    };
  });
  expect(marked.drawn).toBeGreaterThan(200);
  expect(marked.words).toContain('90 days');
  const band = marked.bands[0] ?? { x: 0, y: 0, width: 0, height: 0 };
  expect(band.y).toBeGreaterThan(0);
  expect(band.y + band.height).toBeLessThan(marked.height);
  const [red, green, blue] = pixel(await docmind.picture('citation'), band.x + 2, band.y + 2);
  expect(red, 'yellow, not grey').toBeGreaterThan(blue + 60);
  expect(green).toBeGreaterThan(blue + 40);
});

// One of each kind, as many as an answer holds; the whole list at every split point is the renderer's own test.
const KINDS = ['<script', '<img', '<style', '<div', '![leak](', '[click me](java', '[data]', '[share]'];
const PAYLOADS = KINDS.map((kind) => HOSTILE_MARKDOWN.find((text) => text.startsWith(kind)) ?? kind);

test('what a model writes stays text: no script, no picture, no request, no layout of its own', async () => {
  await docmind.say(`${PAYLOADS.join('\n\n')}\n\nThe end [S1L].`);
  const words = await docmind.ask('What about the moon and the tenant?');
  expect(words).toContain('The end');
  const found = await docmind.browser.execute(() => ({
    pwned: '__pwned' in window,
    strangers: document.querySelectorAll(
      'article :is(img, script, iframe, object, embed, style, svg[onload], [style], [href])',
    ).length,
    asked: performance.getEntriesByType('resource').filter(({ name }) => name.includes('attacker')).length,
    wide: document.documentElement.scrollWidth > window.innerWidth,
    roots: document.querySelectorAll('#root').length,
  }));
  expect(found).toEqual({ pwned: false, strangers: 0, asked: 0, wide: false, roots: 1 });
  await docmind.picture('hostile-answer');
});

test('names and titles of documents stay text too', async () => {
  const folder = stage.path('names');
  mkdirSync(folder);
  const names = HOSTILE_NAMES.map((name) => name.replace(/\.(pdf|docx|exe)$/, '').slice(0, 60));
  for (const [n, name] of names.entries()) {
    writeFileSync(
      join(folder, `${name}.md`),
      `# <img src=x onerror="window.__pwned=1"> ${name}\n\nBook number ${n} is red.\n`,
    );
  }
  await docmind.command('add_paths', { paths: [folder] });
  await docmind.go('All documents');
  await until('all are read', async () => {
    const words = await docmind.words('main');
    return (words.match(/^Ready$/gm)?.length ?? 0) === 7 + names.length;
  });
  const found = await docmind.browser.execute(() => ({
    pwned: '__pwned' in window,
    pictures: document.querySelectorAll('main img').length,
    wide: document.documentElement.scrollWidth > window.innerWidth,
  }));
  expect(found).toEqual({ pwned: false, pictures: 0, wide: false });
  await docmind.picture('hostile-names');
});

test('a link of the model leads nowhere until it is clicked, and then to the system’s browser', async () => {
  await docmind.go('New conversation');
  await docmind.say('The register [is here](https://example.org/register) and tells of the notice of 90 days [S1L].');
  await docmind.ask(QUESTION);
  await docmind.press('Link to example.org: show where it leads');
  await docmind.see('https://example.org/register', '.link-card');
  await docmind.picture('link');
  expect(stage.opened()).toEqual([]);
  await docmind.press('Open in the browser');
  await until('the browser was asked', () => stage.opened().length > 0);
  expect(stage.opened()).toEqual(['https://example.org/register']);
});

const BEYOND: [string, object][] = [
  ['plugin:opener|open_path', { path: '/bin/true' }],
  ['plugin:opener|open_url', { url: 'https://example.org/' }],
  ['plugin:dialog|open', { options: {} }],
  ['plugin:window|close', { label: 'main' }],
  ['plugin:window-state|save_window_state', { flags: 0 }],
  ['plugin:event|listen', { event: 'x', target: { kind: 'Any' }, handler: 0 }],
];

test('whatever runs in the page cannot leave it, fetch or run more', async () => {
  const heard: string[] = [];
  const server = createServer((request, reply) => {
    heard.push(request.url ?? '');
    reply.end('<h1>Elsewhere</h1>');
  });
  await new Promise<void>((done) => server.listen(0, '127.0.0.1', done));
  const address = server.address();
  const elsewhere = `http://127.0.0.1:${typeof address === 'object' && address ? address.port : 0}`;
  const found = await docmind.browser.executeAsync((to, done) => {
    const inline = document.createElement('script');
    inline.textContent = 'window.__pwned = true';
    document.body.append(inline);
    const frame = document.createElement('iframe');
    frame.src = `${to}/frame`;
    document.body.append(frame);
    new Image().src = `${to}/image`;
    const link = document.createElement('a');
    link.href = `${to}/link`;
    link.click();
    window.open(`${to}/open`);
    const form = document.createElement('form');
    form.action = `${to}/form`;
    document.body.append(form);
    form.submit();
    window.location.assign(`${to}/assign`);
    const fetched = fetch(`${to}/fetch`).then(
      () => true,
      () => false,
    );
    fetched.then((reached) => {
      for (const added of [inline, frame, form]) added.remove();
      done({ reached, pwned: '__pwned' in window, frozen: Object.isFrozen(Object.prototype) });
    });
  }, elsewhere);
  expect(found).toEqual({ reached: false, pwned: false, frozen: true });
  // What the shell itself uses is not the page's to call.
  for (const [name, words] of BEYOND)
    await expect(docmind.command(name, words), name).rejects.toThrow(/not allowed|not found/);
  // The page is still ours and answers; a navigation that was let through would have begun before.
  expect(await docmind.command<string>('version')).toMatch(/^\d+\.\d+/);
  await docmind.go('All documents');
  await docmind.see('damaged.pdf', 'main');
  expect(heard, 'nobody was asked').toEqual([]);
  await docmind.picture('stayed');
  server.close();
});

const LONG = Array.from({ length: 60 }, (_, n) => `Sentence ${n + 1} tells of the lease and of its many clauses.`).join(
  ' ',
);

test('an answer is stopped with Escape and kept in part', async () => {
  await docmind.go('New conversation');
  await docmind.say(LONG);
  const before = await docmind.turns();
  await docmind.send('Tell me of the lease at length.');
  await docmind.see('Sentence 2');
  const asked = Date.now();
  await docmind.browser.keys('Escape');
  await docmind.answered(before + 1);
  const took = Date.now() - asked;
  const words = await docmind.lastTurn();
  expect(words).toContain('Stopped by you.');
  expect(words).not.toContain('Sentence 60');
  await docmind.picture('stopped');
  process.stdout.write(`  stopped after ${took} ms\n`);
});

test('the model’s process is killed in the middle of an answer: a reason, and the next answer comes', async () => {
  await docmind.say(LONG);
  await docmind.send('Tell me of the lease once more, at length.');
  await docmind.see(/Tell me of the lease once more[\s\S]*Sentence 2/);
  const writer = await until('the writing process', () =>
    docmind.workers().find(({ name }) => name === 'docmind-generate'),
  );
  process.kill(writer.pid, 'SIGKILL');
  await docmind.see(/process stopped|was cut off|Ask again/);
  expect(docmind.alive).toBe(true);
  await docmind.picture('worker-killed');
  await docmind.say('Ninety days of notice [S1L].');
  await docmind.go('New conversation');
  expect(await docmind.ask(QUESTION)).toContain('Ninety days of notice');
});

test('a profile is chosen, and strip and panel follow', async () => {
  await docmind.go('Settings');
  const choice = docmind.element('//label[contains(translate(., "C", "c"), "compact")]//input[@type="radio"]');
  await choice.waitForExist({ timeout: 60_000 });
  await choice.click();
  await docmind.see(/Fits: needs/);
  await docmind.picture('profile-choice');
  await docmind.press('Switch to this profile');
  await docmind.see('This profile is active');
  await docmind.see(/compact/i, '.status-strip');
  await docmind.element('.status-strip').click();
  await docmind.see('Memory of the computer');
  await docmind.see('weights');
  await docmind.picture('panel');
  // The machine is read while somebody looks, and not at all otherwise.
  const isRead = (): boolean => docmind.threads().includes('telemetry');
  await until('the machine is read', isRead);
  await docmind.element('.status-strip').click();
  await until('the machine is read no more', () => !isRead());
  await docmind.element('.status-strip').click();
});

test('a benchmark measures two profiles and is kept', async () => {
  await docmind.press('Benchmark');
  await docmind.element('//h1[normalize-space(.)="Benchmark"]').waitForDisplayed({ timeout: 30_000 });
  for (const label of await docmind.browser.$$('//label[.//input[@type="checkbox"]]')) {
    const words = (await label.getText()).toLowerCase();
    const box = label.$('input');
    const wanted = words.includes('balanced') || words.includes('compact');
    if ((await box.isEnabled()) && (await box.isSelected()) !== wanted) await label.click();
  }
  await docmind.press('Measure');
  await docmind.see(/Measured on/);
  expect(await docmind.words('.benchmark-table')).toMatch(/balanced[\s\S]*compact/i);
  await docmind.picture('benchmark');
});

const SECRETS = ['tenant', 'lease', 'notice', 'pearls', 'clauses', 'damaged.pdf', 'My documents'];

test('diagnostics go to the clipboard, without words or names of documents', async () => {
  await docmind.go('Settings');
  await docmind.press('Copy diagnostics');
  await docmind.see('Diagnostics copied.');
  const text = clipboard();
  expect(text.length).toBeGreaterThan(100);
  for (const secret of SECRETS) expect(text.toLowerCase()).not.toContain(secret.toLowerCase());
});

test('closed as a person closes it and opened again, everything is there', async () => {
  await resizeWindow(docmind.pid, 1111, 777);
  const wide = (pixels: number) => docmind.browser.execute((wanted) => window.innerWidth === wanted, pixels);
  await until('the window has its new size', () => wide(1111));
  await docmind.close();
  const logs = join(data, 'logs');
  const log = readdirSync(logs)
    .map((name) => readFileSync(join(logs, name), 'utf8'))
    .join('\n');
  expect(log).toContain('the window is opened');
  expect(log, 'written to the last line').toContain('the window is closed');
  for (const secret of SECRETS) expect(log.toLowerCase()).not.toContain(secret.toLowerCase());
  docmind = await stage.docmind(data);
  await docmind.see(/All documents\s*15/);
  await until('the window has the size it had', () => wide(1111));
  await docmind.go(QUESTION);
  await docmind.see('Ninety days of notice');
  await docmind
    .element('//article//button[starts-with(@aria-label, "Citation 1:")]')
    .waitForDisplayed({ timeout: 30_000 });
  await docmind.picture('opened-again');
  await docmind.element('.status-strip').click();
  await docmind.press('Benchmark');
  await docmind.see(/Measured on/);
  expect(await docmind.words('.benchmark-table')).toMatch(/balanced[\s\S]*compact/i);
  await docmind.close();
});
