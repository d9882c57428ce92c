import { RotateCcw } from 'lucide-react';
import { DOCUMENT_STATES, type DocumentQuery } from '@/ipc';
import { t } from '@/shared/i18n';
import { SearchField } from '@/shared/ui/SearchField';
import { Selection } from './Selection';
import { useLibrary } from './store';

/** Search and filter of the list, and what can be done with it. Always one line: the list below never moves. */
export function Toolbar({ onAsk }: { onAsk: (documents: number[]) => void }) {
  const { summary, query, selected, setQuery, retry } = useLibrary();
  const again = t('library.retry_failed', { n: summary?.failed ?? 0 });
  return (
    <div className="toolbar">
      <SearchField label={t('library.search')} value={query.search} onChange={(search) => setQuery({ search })} />
      <label className="select-field">
        <span className="visually-hidden">{t('library.filter')}</span>
        <select
          value={query.state}
          onChange={(event) => setQuery({ state: event.target.value as DocumentQuery['state'] })}
        >
          <option value="any">{t('library.any_state')}</option>
          <option value="problem">{t('library.problems')}</option>
          {DOCUMENT_STATES.map((state) => (
            <option key={state} value={state}>
              {t(`state.${state}`)}
            </option>
          ))}
        </select>
      </label>
      <div className="spacer" />
      {selected.size > 0 ? (
        <Selection onAsk={onAsk} />
      ) : (
        summary !== null &&
        summary.failed > 0 && (
          <button type="button" className="button" title={again} onClick={() => void retry('all')}>
            <RotateCcw size={16} aria-hidden />
            <span className="label">{again}</span>
          </button>
        )
      )}
    </div>
  );
}
