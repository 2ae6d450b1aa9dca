import de.bwaldvogel.mongo.MongoCollection;
import de.bwaldvogel.mongo.backend.AbstractUniqueIndex;
import de.bwaldvogel.mongo.backend.IndexKey;
import de.bwaldvogel.mongo.backend.KeyValue;
import de.bwaldvogel.mongo.backend.Missing;
import de.bwaldvogel.mongo.bson.Document;
import java.util.Collection;
import java.util.List;
import java.util.Map.Entry;

/** The library's unique index on ordered keys. */
final class OrderedUniqueIndex extends AbstractUniqueIndex<Object> implements Ordered {
  private final OrderedEntries entries;

  OrderedUniqueIndex(String name, List<IndexKey> keys, boolean sparse, OrderedEntries entries) {
    super(name, keys, sparse);
    this.entries = entries;
  }

  @Override
  public OrderedEntries entries() {
    return entries;
  }

  @Override
  protected Object getPosition(KeyValue values) {
    return entries.map.get(key(values));
  }

  @Override
  protected Object removeDocument(KeyValue values) {
    return entries.map.remove(key(values));
  }

  @Override
  protected boolean putKeyPosition(KeyValue values, Object id) {
    return entries.map.putIfAbsent(key(values), Missing.ofNullable(id)) == null;
  }

  @Override
  public synchronized void add(Document document, Object id, MongoCollection<Object> collection) {
    super.add(document, id, collection);
    entries.keysOf(document); // notes which fields hold lists
  }

  private static byte[] key(KeyValue values) {
    byte[] key = new byte[0];
    for (Object value : values) {
      key = Keys.joined(key, value instanceof Collection && ((Collection<?>) value).isEmpty() ? Keys.EMPTY_LIST : Keys.of(value));
    }
    return key;
  }

  @Override
  public synchronized boolean canHandle(Document query) {
    return false;
  }

  @Override
  protected Iterable<Entry<KeyValue, Object>> getIterable() {
    throw new UnsupportedOperationException();
  }

  @Override
  public long getCount() {
    return entries.map.sizeAsLong();
  }

  @Override
  public boolean isEmpty() {
    return entries.map.isEmpty();
  }

  @Override
  public long getDataSize() {
    return getCount();
  }
}
