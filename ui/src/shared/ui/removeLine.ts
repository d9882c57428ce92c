/** Removes the thing of the line that has the focus: it goes on to the line beside it, instead of getting lost with its own. */
export async function removeLine(remove: () => Promise<void>): Promise<void> {
  const line = document.activeElement?.closest('li');
  const beside = line?.nextElementSibling ?? line?.previousElementSibling;
  await remove();
  requestAnimationFrame(() => {
    if (document.activeElement === document.body) beside?.querySelector('button')?.focus();
  });
}
