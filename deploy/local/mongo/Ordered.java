/** An index that `Plan` can walk along. */
interface Ordered {
  OrderedEntries entries();
}
