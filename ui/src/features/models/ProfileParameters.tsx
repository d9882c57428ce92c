import type { Attention, Profile, WeightType } from '@/ipc';
import { t } from '@/shared/i18n';
import { NumberField, Parameter, SelectParameter, SwitchParameter } from './parameterFields';
import { attentionName } from './parameters';
import { weightsName } from './weights';

const WEIGHTS: readonly WeightType[] = ['q4_k_m', 'q8_0', 'f16'];

/** Attention and cache are one choice: a quantised cache needs flash attention. */
const ATTENTIONS: readonly Attention[] = [
  { kind: 'flash', kv: 'f16' },
  { kind: 'flash', kv: 'q8_0' },
  { kind: 'flash', kv: 'q4_0' },
  { kind: 'plain' },
];

interface Properties {
  draft: Profile;
  change: (part: Partial<Profile>) => void;
}

/** How many layers go to the GPU. */
function OffloadParameter({ draft: { offload }, change }: Properties) {
  return (
    <SelectParameter
      words="offload"
      name="n_gpu_layers"
      value={offload.kind}
      options={(['auto', 'all', 'layers', 'none'] as const).map((kind) => [kind, t(`offload.${kind}`)])}
      onChange={(kind) => change({ offload: kind === 'layers' ? { kind, layers: 16 } : { kind } })}
    >
      {(id) =>
        offload.kind === 'layers' && (
          <NumberField
            id={`${id}-layers`}
            label={t('offload.layers')}
            value={offload.layers}
            min={0}
            max={999}
            onChange={(layers) => change({ offload: { kind: 'layers', layers } })}
          />
        )
      }
    </SelectParameter>
  );
}

/** How many tokens are read in one step, and how many of them are computed at once. */
function BatchParameter({ draft: { n_batch, n_ubatch }, change }: Properties) {
  const range = { min: 16, max: 8192, step: 16 };
  return (
    <Parameter words="batch" name="n_batch / n_ubatch">
      {(id) => (
        <>
          <NumberField id={id} value={n_batch} {...range} onChange={(tokens) => change({ n_batch: tokens })} />{' '}
          <NumberField
            id={`${id}-slice`}
            label={t('parameter.slice')}
            value={n_ubatch}
            {...range}
            onChange={(tokens) => change({ n_ubatch: tokens })}
          />
        </>
      )}
    </Parameter>
  );
}

/** Every parameter of a profile, with what it does. */
export function ProfileParameters({ draft, change }: Properties) {
  return (
    <div className="parameters">
      <SelectParameter
        words="weights"
        name="weights"
        value={draft.weights}
        options={WEIGHTS.map((weights) => [weights, weightsName(weights)])}
        onChange={(weights) => change({ weights })}
      />
      <SelectParameter
        words="attention"
        name="flash_attn, type_k = type_v"
        value={attentionName(draft.attention)}
        options={ATTENTIONS.map((attention) => [attentionName(attention), attentionName(attention)])}
        onChange={(name) => {
          const attention = ATTENTIONS.find((each) => attentionName(each) === name);
          if (attention) change({ attention });
        }}
      />
      <Parameter words="context" name="n_ctx">
        {(id) => (
          <NumberField
            id={id}
            value={draft.context_tokens}
            min={512}
            max={262_144}
            step={512}
            onChange={(context_tokens) => change({ context_tokens })}
          />
        )}
      </Parameter>
      <BatchParameter draft={draft} change={change} />
      <OffloadParameter draft={draft} change={change} />
      <Parameter words="threads" name="n_threads">
        {(id) => (
          <NumberField id={id} value={draft.threads} min={0} max={256} onChange={(threads) => change({ threads })} />
        )}
      </Parameter>
      <SwitchParameter
        words="graphs"
        name="cuda_graphs"
        checked={draft.graph_capture}
        onChange={(graph_capture) => change({ graph_capture })}
      />
      <SwitchParameter
        words="speculation"
        name="prompt lookup"
        checked={draft.speculation}
        onChange={(speculation) => change({ speculation })}
      />
    </div>
  );
}
