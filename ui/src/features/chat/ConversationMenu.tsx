import { FileDown } from 'lucide-react';
import { t } from '@/shared/i18n';
import { EditMenu } from '@/shared/ui/EditMenu';
import { MenuItem } from '@/shared/ui/Popover';
import { removeLine } from '@/shared/ui/removeLine';
import { useChat } from './store';

interface Properties {
  id: number;
  label: string;
  className?: string;
  onRename: () => void;
}

/** What can be done with a conversation, the same wherever it is named. */
export function ConversationMenu({ id, label, className = 'icon-button', onRename }: Properties) {
  const remove = useChat((state) => state.remove);
  const exportTo = useChat((state) => state.exportTo);
  return (
    <EditMenu
      className={className}
      label={label}
      onRename={onRename}
      onDelete={() => void removeLine(() => remove(id))}
    >
      {(['markdown', 'html', 'evidence'] as const).map((format) => (
        <MenuItem key={format} icon={<FileDown size={16} />} onSelect={() => void exportTo(id, format)}>
          {t(`chat.export_${format}`)}
        </MenuItem>
      ))}
    </EditMenu>
  );
}
