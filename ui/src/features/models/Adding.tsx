import { t } from '@/shared/i18n';
import { bytes } from '@/shared/text/format';
import { tameName } from '@/shared/text/tame';
import { Progress } from '@/shared/ui/states';
import { useLate } from '@/shared/ui/useLate';
import { useModels } from './store';

/** A model that is being stored: how much of it is copied, and the way to stop that. Nothing where it takes no time. */
export function Adding() {
  const { adding, stopAdding } = useModels();
  const late = useLate(adding !== null);
  if (!adding || !late) return null;
  const name = tameName(adding.name);
  const { done, total } = adding;
  const label =
    total > 0
      ? t('models.storing', { name, done: bytes(done), total: bytes(total) })
      : t('models.looking_into', { name });
  return <Progress label={label} done={done} total={total} onStop={stopAdding} />;
}
