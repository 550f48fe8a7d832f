/** Returns the function that says how many listeners of `auth.on` there are that were added from now on. */
export function countListeners(auth) {
  const { on } = auth;
  let count = 0;
  auth.on = (event, listener) => {
    const remove = on(event, listener);
    count += 1;
    return () => {
      count -= 1;
      remove();
    };
  };
  return () => count;
}
