// Windows in event time: window w covers [w * hop, w * hop + size) in milliseconds since the first window's start. A row goes to every window
// that covers it, and counts as outside when none does. After group-table.wgsl.

fn place(row: u32) -> bool {
  if ((keys[row] >> 31u) == 1u) {
    return false;
  }
  let time = keys[row];
  let size = params.family.x;
  let hop = params.family.y;
  var window = time / hop;
  var placed = false;
  loop {
    if (time - window * hop >= size) {
      break;
    }
    if (window < params.groups) {
      gather(window, row);
      placed = true;
    }
    if (window == 0u) {
      break;
    }
    window -= 1u;
  }
  return placed;
}
