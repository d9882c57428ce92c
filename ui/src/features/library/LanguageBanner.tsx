import { Languages, X } from 'lucide-react';
import { language, t } from '@/shared/i18n';
import { tameName } from '@/shared/text/tame';
import { IconButton } from '@/shared/ui/IconButton';
import { useLanguageOffer } from './languageOffer';

function languageName(code: string): string {
  return new Intl.DisplayNames([language()], { type: 'language' }).of(code) ?? code;
}

/** Says that the search model does not know the library's languages, and leads to the choice of one that does. */
export function LanguageBanner({ onChoose }: { onChoose: () => void }) {
  const { offer, dismiss } = useLanguageOffer();
  if (!offer) return null;
  const { documents, told, embedder, offered, installed, published, size_mib, folder } = offer;
  return (
    <aside className="language-banner" aria-label={t('library.languages')}>
      <Languages size={16} aria-hidden className="tone-amber" />
      <div className="language-words">
        <p>{t('library.unknown_language', { n: documents, told, embedder, language: languageName(offer.language) })}</p>
        <p className="quiet">
          {t('library.unknown_language_remedy', { offered })}{' '}
          {!installed && t('library.embedder_elsewhere', { published, size: size_mib, folder: tameName(folder) })}
        </p>
      </div>
      <button type="button" className="button small" onClick={onChoose}>
        {t('library.choose_embedder')}
      </button>
      <IconButton label={t('action.dismiss')} onPress={dismiss}>
        <X size={16} aria-hidden />
      </IconButton>
    </aside>
  );
}
