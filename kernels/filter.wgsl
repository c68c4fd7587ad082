// Fused filter and sum: the rows whose column compares with a constant go to group 0, the only one. After group-table.wgsl.
// Every comparison is a range of the column's order, low ≤ order ≤ high, or its complement; NaN lies outside every range.

fn place(row: u32) -> bool {
  let bits = keys[row];
  // −0 equals 0.
  let float = orderOfFloat(select(bits, 0u, bits == 0x80000000u));
  let order = select(bits ^ 0x80000000u, float, params.family.w == 1u);
  let inside = order >= params.family.x && order <= params.family.y;
  if (inside == (params.family.z == 1u)) {
    return false;
  }
  gather(0u, row);
  return true;
}
