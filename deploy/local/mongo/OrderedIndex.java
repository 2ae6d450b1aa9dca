import de.bwaldvogel.mongo.MongoCollection;
import de.bwaldvogel.mongo.backend.Index;
import de.bwaldvogel.mongo.backend.IndexKey;
import de.bwaldvogel.mongo.bson.Document;
import java.util.Arrays;
import java.util.List;

/** An index that is not unique; the library asks it for nothing, `Plan` does. */
final class OrderedIndex extends Index<Object> implements Ordered {
  private final OrderedEntries entries;

  OrderedIndex(String name, List<IndexKey> keys, boolean sparse, OrderedEntries entries) {
    super(name, keys, sparse);
    this.entries = entries;
  }

  @Override
  public OrderedEntries entries() {
    return entries;
  }

  @Override
  public void add(Document document, Object id, MongoCollection<Object> collection) {
    byte[] end = Keys.of(id);
    for (byte[] key : entries.keysOf(document)) {
      entries.map.put(Keys.joined(key, end), id);
    }
  }

  @Override
  public Object remove(Document document) {
    Object id = document.get("_id");
    byte[] end = Keys.of(id);
    for (byte[] key : entries.keysOf(document)) {
      entries.map.remove(Keys.joined(key, end));
    }
    return id;
  }

  @Override
  public void updateInPlace(Document before, Document after, Object id, MongoCollection<Object> collection) {
    List<byte[]> old = entries.keysOf(before);
    List<byte[]> now = entries.keysOf(after);
    if (same(old, now)) {
      return;
    }
    byte[] end = Keys.of(id);
    old.forEach(key -> entries.map.remove(Keys.joined(key, end)));
    now.forEach(key -> entries.map.put(Keys.joined(key, end), id));
  }

  private static boolean same(List<byte[]> one, List<byte[]> other) {
    if (one.size() != other.size()) {
      return false;
    }
    for (int place = 0; place < one.size(); place++) {
      if (!Arrays.equals(one.get(place), other.get(place))) {
        return false;
      }
    }
    return true;
  }

  @Override
  public Object getPosition(Document document) {
    return document.get("_id");
  }

  @Override
  public boolean canHandle(Document query) {
    return false;
  }

  @Override
  public Iterable<Object> getPositions(Document query) {
    throw new UnsupportedOperationException();
  }

  @Override
  public void checkAdd(Document document, MongoCollection<Object> collection) {}

  @Override
  public void checkUpdate(Document before, Document after, MongoCollection<Object> collection) {}

  @Override
  public long getCount() {
    return entries.map.sizeAsLong();
  }

  @Override
  public long getDataSize() {
    return getCount();
  }

  @Override
  public void drop() {}
}
