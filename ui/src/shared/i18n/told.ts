import { language, type MessageKey, t } from './index';

// Reasons and measurements that the engine tells in a sentence, without a code. What differs from one to the next has a name.
const TOLD: readonly (readonly [sentence: RegExp, key: MessageKey])[] = [
  [/The page is a picture without text\./, 'told.page_is_picture'],
  [/The page is damaged\./, 'told.page_damaged'],
  [/The text of the page is damaged\./, 'told.page_text_damaged'],
  [/The chapter is missing from the book\./, 'told.chapter_missing'],
  [/The chapter is damaged\./, 'told.chapter_damaged'],
  [/The sheet is damaged\./, 'told.sheet_damaged'],
  [/The slide is damaged\./, 'told.slide_damaged'],
  [/The mail is damaged\./, 'told.mail_damaged'],
  [/(?<fast>\S+) against (?<slow>\S+) tokens a second on (?<device>.+)\./, 'told.speeds'],
  [/(?<small>\S+) against (?<large>\S+) MiB at (?<context>\S+) tokens\./, 'told.memory'],
  [/Same most likely token over (?<tokens>\S+) tokens; mean divergence (?<divergence>\S+) nats\./, 'told.quality'],
  [/Nothing was compared\./, 'told.not_compared'],
  [/skipped: synthetic weights/, 'told.synthetic'],
  [/Beyond weights, by allocation: (?<flash>\S+) against (?<plain>\S+) MiB\./, 'told.beyond_weights'],
  [/(?<half>\S+) against (?<full>\S+) texts a second\./, 'told.embedding'],
  [/Half precision pays on a GPU only\./, 'told.embedding_gpu'],
  [/Smallest cosine to full precision over the built-in texts\./, 'told.cosine'],
  [
    /Added to a warm-up of (?<warm>\S+) ms; (?<with>\S+) against (?<without>\S+) tokens a second afterwards\./,
    'told.graphs',
  ],
  [/Graphs are captured on a GPU only\./, 'told.graphs_gpu'],
  [/Two engines are needed: None is configured\. A server is entered in the settings \(.+\)\./, 'told.engines_none'],
  [
    /Two engines are needed: (?<engine>.+) is configured\. A server is entered in the settings \(.+\)\./,
    'told.engines_one',
  ],
  [/(?<engine>[^;]+): first word after (?<first>\S+) ms, (?<speed>\S+) tokens a second/, 'told.engine'],
  [/There is no model to run the profile `(?<profile>.+)`\. Name one with `--model`\./, 'told.profile_without_model'],
  [
    /The (?<weights>\S+) weights of the profile `(?<profile>.+)` are not at hand\. Make them: (?<command>.+)/,
    'told.profile_without_weights',
  ],
  [/(?<profile>\S+): make its file: (?<command>.+)/, 'told.profile_skipped'],
];

/** Figures as the language writes them; anything else as it is. */
function figure(text: string): string | number {
  return /^-?\d+(\.\d+)?$/.test(text) ? Number(text) : text;
}

function translated(sentence: string): string | null {
  for (const [pattern, key] of TOLD) {
    const match = new RegExp(`^(?:${pattern.source})$`, 'u').exec(sentence);
    if (!match) continue;
    const named = Object.entries(match.groups ?? {});
    return t(key, Object.fromEntries(named.map(([name, text]) => [name, figure(text)])));
  }
  return null;
}

/** What the engine told without a code, in the person's language; `null` where it has no words for it there. */
export function toldWords(text: string): string | null {
  if (language() === 'en') return text;
  const whole = translated(text);
  if (whole !== null) return whole;
  // Of several engines, or profiles, each has its own part.
  const parts = text.split('; ').map(translated);
  return parts.length > 1 && parts.every((part) => part !== null) ? parts.join('; ') : null;
}
