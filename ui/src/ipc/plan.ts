import type { ModelEntry, ProfilePlan } from './backend';
import type { HardwareInventory, MemoryOwner, MemoryPlan, MemoryShare, PlannedProfile } from './types';

/** The device a plan leans on: the one that holds most of it. */
function mainShare(plan: MemoryPlan): MemoryShare | null {
  const weight = (share: MemoryShare): number =>
    (share.weights_mib ?? 0) + (share.kv_mib ?? 0) + (share.compute_mib ?? 0);
  return plan.shares.reduce<MemoryShare | null>(
    (best, share) => (best === null || weight(share) > weight(best) ? share : best),
    null,
  );
}

/** Memory of a plan by owner, over all devices. */
function ownersOf(plan: MemoryPlan): MemoryOwner[] {
  const sum = (...parts: (keyof Omit<MemoryShare, 'device'>)[]): number =>
    Math.round(plan.shares.reduce((total, share) => parts.reduce((all, part) => all + (share[part] ?? 0), total), 0));
  return [
    { owner: 'weights', mib: sum('weights_mib') },
    { owner: 'kv', mib: sum('kv_mib') },
    { owner: 'compute', mib: sum('compute_mib', 'runtime_mib') },
    { owner: 'embedder', mib: sum('embedder_mib') },
  ].filter((owner) => owner.mib > 0);
}

/** Memory of all owners in MiB. */
export function totalOf(owners: readonly MemoryOwner[]): number {
  return owners.reduce((total, { mib }) => total + mib, 0);
}

/** A planned profile as the window shows it. */
export function profilePlan({ profile, plan, reason, missing, make }: PlannedProfile): ProfilePlan {
  const share = plan ? mainShare(plan) : null;
  return {
    profile,
    predicted: plan ? ownersOf(plan) : [],
    device: share?.device ?? '',
    available_mib: Math.round(share?.free_mib ?? 0),
    context_tokens: plan?.profile.context_tokens ?? profile.context_tokens,
    execution: plan?.execution ?? { attention: profile.attention, n_ubatch: profile.n_ubatch },
    gpu_layers: plan?.gpu_layers ?? 0,
    fits: plan?.fits ?? missing === null,
    steps: plan?.steps ?? [],
    reason: plan && !plan.fits ? { code: 'profile_too_large', message: plan.verdict } : reason,
    missing,
    make,
  };
}

/** Whether a model fits: by the plan of the active one, else by its weights and a tenth for cache and buffers. */
export function fitOf(
  { card }: Pick<ModelEntry, 'card'>,
  plan: MemoryPlan | null,
  hardware: HardwareInventory,
): Pick<ModelEntry, 'needed_mib' | 'fits'> {
  const free = Math.max(hardware.ram_available_mib, ...hardware.gpus.map((gpu) => gpu.memory_free_mib));
  const needed = plan ? totalOf(ownersOf(plan)) : Math.round(((card?.size_bytes ?? 0) / 2 ** 20) * 1.1);
  return { needed_mib: needed, fits: plan?.fits ?? needed <= free };
}
