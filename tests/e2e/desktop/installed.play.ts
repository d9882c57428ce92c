import { afterAll, beforeAll, expect, test } from 'vitest';
import { Stage, until } from './stage';

// The installed package in a system of nothing but itself, without a network.

const stage = new Stage();

beforeAll(async () => {
  await stage.begin();
});

afterAll(async () => {
  await stage.end();
});

test('first start, the samples that came with it, and an answer with its page', async () => {
  const docmind = await stage.docmind(stage.path('library'));
  await docmind.see('Welcome to DocMind');
  await docmind.press('Try sample documents');
  await until('the samples are read', async () => (await docmind.command<{ ready: number }>('summary')).ready === 7);
  await docmind.press('Start');
  const answer = await docmind.ask('How many days of notice does the tenant have to give?');
  expect(answer).toContain('90 days');
  await docmind.element('//article//button[starts-with(@aria-label, "Citation 1:")]').click();
  await docmind.element('.sheet img').waitForDisplayed({ timeout: 60_000 });
  await docmind.picture('installed');
  await docmind.close();
});
