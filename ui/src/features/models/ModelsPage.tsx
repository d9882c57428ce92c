import { Box, CircleCheck, CircleSlash, FolderPlus, MoreHorizontal, Trash2, TriangleAlert } from 'lucide-react';
import { useEffect } from 'react';
import type { HardwareInventory, ModelCard, ModelEntry } from '@/ipc';
import { t } from '@/shared/i18n';
import { bytes, count, decimal, memory } from '@/shared/text/format';
import { tameName } from '@/shared/text/tame';
import { Page } from '@/shared/ui/Page';
import { MenuItem, Popover } from '@/shared/ui/Popover';
import { removeLine } from '@/shared/ui/removeLine';
import { EmptyState, ErrorState, ErrorText } from '@/shared/ui/states';
import { Adding } from './Adding';
import { useModels } from './store';
import { weightsName } from './weights';

function Fit({ entry }: { entry: ModelEntry }) {
  const [Icon, tone, words] = entry.fits
    ? ([CircleCheck, 'tone-green', 'models.fits'] as const)
    : ([TriangleAlert, 'tone-amber', 'models.tight'] as const);
  return (
    <div className="model-fit">
      <p className={tone}>
        <Icon size={16} aria-hidden />
        {t(words)}
      </p>
      <p className="small quiet tabular">{t('models.needs', { size: memory(entry.needed_mib) })}</p>
    </div>
  );
}

/** Millions of parameters; a fraction of one only where it says something. */
function small(parameters: number | null): string {
  const millions = parameters === null ? null : parameters / 1e6;
  return millions !== null && millions < 10 ? decimal(millions) : count(millions);
}

function Facts({ card }: { card: ModelCard }) {
  const { parameters } = card;
  const key = (parameters ?? 0) < 1e9 ? 'models.facts_small' : 'models.facts';
  return (
    <p className="small tabular">
      {t(key, {
        parameters: key === 'models.facts' ? decimal((parameters ?? 0) / 1e9) : small(parameters),
        size: bytes(card.size_bytes),
        context: count(card.context_tokens),
      })}
    </p>
  );
}

function Entry({ entry }: { entry: ModelEntry }) {
  const { choose, remove } = useModels();
  const { card, error } = entry;
  const name = tameName(card?.name ?? entry.name);
  return (
    <li className={entry.active ? 'model-card active' : 'model-card'}>
      <div className="model-main">
        <h3>
          <bdi>{name}</bdi> {card && <span className="tag">{weightsName(card.weights)}</span>}
          {card?.synthetic && (
            <span className="tag" title={t('models.synthetic_why')}>
              {t('models.synthetic')}
            </span>
          )}
        </h3>
        <p className="small quiet clip" title={tameName(entry.path)}>
          <bdi>{tameName(entry.path)}</bdi>
        </p>
        {card && <Facts card={card} />}
        {error && (
          <div className="small tone-red">
            <ErrorText error={error} />
          </div>
        )}
      </div>
      {card && <Fit entry={entry} />}
      <div className="model-actions">
        {entry.active ? (
          <span className="in-use">
            <CircleCheck size={16} aria-hidden />
            {t('models.in_use')}
          </span>
        ) : (
          card && (
            <button
              type="button"
              className="button"
              onClick={({ currentTarget }) => {
                // It makes room for "in use": the focus stays on the line.
                currentTarget.parentElement?.querySelector<HTMLElement>('[aria-haspopup]')?.focus();
                void choose(entry.path);
              }}
            >
              {t('models.use')}
            </button>
          )
        )}
        <Popover
          kind="menu"
          className="icon-button"
          label={t('models.actions', { name })}
          trigger={<MoreHorizontal size={16} aria-hidden />}
        >
          {entry.active && (
            <MenuItem icon={<CircleSlash size={16} />} onSelect={() => void choose(null)}>
              {t('models.unload')}
            </MenuItem>
          )}
          <MenuItem icon={<Trash2 size={16} />} danger onSelect={() => void removeLine(() => remove(entry.name))}>
            {t('models.forget')}
          </MenuItem>
        </Popover>
      </div>
    </li>
  );
}

/** The largest file that fits now: a tenth more is needed for cache and buffers. */
function roomFor({ ram_available_mib, gpus }: HardwareInventory): number {
  return Math.max(ram_available_mib, ...gpus.map((gpu) => gpu.memory_free_mib)) / 1.1;
}

/** What the machine has and what fits, in one line. */
export function MachineLine() {
  const hardware = useModels((state) => state.hardware);
  if (!hardware) return null;
  const gpus = hardware.gpus.map((gpu) => `${gpu.description}, ${memory(gpu.memory_total_mib)}`);
  return (
    <p className="quiet small">
      {t('models.machine', {
        cpu: hardware.cpu,
        ram: memory(hardware.ram_total_mib),
        gpu: gpus.length > 0 ? gpus.join('; ') : t('models.no_gpu'),
      })}{' '}
      {t('models.room', { size: memory(roomFor(hardware)) })}
    </p>
  );
}

/** Language models on this machine, and what fits. */
export function ModelsPage() {
  const { models, error, adding, load, add } = useModels();
  useEffect(() => void load(), [load]);
  return (
    <Page
      id="models"
      title={t('models.title')}
      actions={
        <button type="button" className="button primary" disabled={adding !== null} onClick={() => void add()}>
          <FolderPlus size={16} aria-hidden />
          {t('models.add')}
        </button>
      }
    >
      <p className="quiet">{t('models.text')}</p>
      <MachineLine />
      <Adding />
      {error && <ErrorState error={error} onRetry={() => void load()} />}
      {!models && !error && (
        <p className="quiet" role="status">
          {t('models.loading')}
        </p>
      )}
      {models?.length === 0 && (
        <EmptyState icon={<Box size={24} />} title={t('models.none')} text={t('models.none_text')}>
          <button type="button" className="button primary" disabled={adding !== null} onClick={() => void add()}>
            {t('models.add')}
          </button>
        </EmptyState>
      )}
      <ul className="model-list">
        {models?.map((entry) => (
          <Entry key={entry.path} entry={entry} />
        ))}
      </ul>
    </Page>
  );
}
