import type { Answer } from '@/ipc';
import { t } from '@/shared/i18n';

/** The answer with its numbered sources and quoted passages below, as Markdown. */
export function withSources(answer: Answer): string {
  const sources = [...new Map(answer.citations.map((citation) => [citation.n, citation])).values()]
    .sort((a, b) => a.n - b.n)
    .map(
      ({ n, title, page, quote }) =>
        `[${n}] ${title}, ${t('source.page', { page })}\n> ${quote.replace(/\n/g, '\n> ')}`,
    );
  return `${answer.text}\n\n${sources.join('\n\n')}\n`;
}
