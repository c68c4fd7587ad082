// Group by dense keys: a row goes to the group that its key names. Keys below 0 or past the last group count as outside. After group-table.wgsl.

fn place(row: u32) -> bool {
  let group = keys[row];
  if (group >= params.groups) {
    return false;
  }
  gather(group, row);
  return true;
}
