import { MoreHorizontal, Pencil, Trash2 } from 'lucide-react';
import type { ReactNode } from 'react';
import { t } from '../i18n';
import { MenuItem, Popover } from './Popover';

interface Properties {
  label: string;
  className?: string;
  onRename: () => void;
  onDelete: () => void;
  /** What else can be done, between the two. */
  children?: ReactNode;
}

/** The menu of a thing that a person has named. */
export function EditMenu({ label, className = 'icon-button', onRename, onDelete, children }: Properties) {
  return (
    <Popover kind="menu" className={className} label={label} trigger={<MoreHorizontal size={16} aria-hidden />}>
      <MenuItem icon={<Pencil size={16} />} onSelect={onRename}>
        {t('action.rename')}
      </MenuItem>
      {children}
      <MenuItem icon={<Trash2 size={16} />} danger onSelect={onDelete}>
        {t('action.delete')}
      </MenuItem>
    </Popover>
  );
}
