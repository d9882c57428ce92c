import type { WeightType } from '@/ipc';
import { t } from '@/shared/i18n';

const NAMES: Record<Exclude<WeightType, 'other'>, string> = { f16: 'F16', q8_0: 'Q8_0', q4_k_m: 'Q4_K_M' };

/** A storage type as people write it. */
export function weightsName(weights: WeightType): string {
  return weights === 'other' ? t('models.other_weights') : NAMES[weights];
}
