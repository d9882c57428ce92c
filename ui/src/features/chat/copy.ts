import type { Answer } from '@/ipc';
import { t } from '@/shared/i18n';
import { tameName } from '@/shared/text/tame';
import { sourcesOf } from './citations';

/** The answer with its numbered sources and quoted passages below, as Markdown. */
export function withSources(answer: Answer): string {
  const sources = sourcesOf(answer.citations).map(({ n, first, quotes }) => {
    const passages = quotes.map((quote) => `> ${quote.replace(/\n/g, '\n> ')}`).join('\n>\n');
    return `[${n}] ${tameName(first.title)}, ${t('source.page', { page: first.page })}\n${passages}`;
  });
  return `${answer.text}\n\n${sources.join('\n\n')}\n`;
}
