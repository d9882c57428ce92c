import { FileText, MessageCircleQuestion, TextSelect } from 'lucide-react';
import { useSource } from '@/features/source/store';
import { t } from '@/shared/i18n';
import { MenuItem, Popover } from '@/shared/ui/Popover';
import { askAbout, selectedInSource } from './actions';

/** Questions about the open document: about all of it, or about what is selected in it. */
export function SourceAsk() {
  const document = useSource((state) => state.row?.id);
  if (document === undefined) return null;
  return (
    <Popover
      kind="menu"
      className="icon-button"
      label={t('source.ask')}
      title={t('source.ask')}
      trigger={<MessageCircleQuestion size={16} aria-hidden />}
    >
      {() => {
        const selected = selectedInSource();
        return (
          <>
            <MenuItem icon={<FileText size={16} />} onSelect={() => askAbout([document])}>
              {t('library.ask_only', { n: 1 })}
            </MenuItem>
            <MenuItem
              icon={<TextSelect size={16} />}
              disabled={selected === ''}
              onSelect={() => askAbout([document], selected)}
            >
              {t('source.ask_selection')}
            </MenuItem>
          </>
        );
      }}
    </Popover>
  );
}
