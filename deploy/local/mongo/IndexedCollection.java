import de.bwaldvogel.mongo.MongoDatabase;
import de.bwaldvogel.mongo.backend.AbstractCursor;
import de.bwaldvogel.mongo.backend.AbstractMongoCollection;
import de.bwaldvogel.mongo.backend.ArrayFilters;
import de.bwaldvogel.mongo.backend.CollectionOptions;
import de.bwaldvogel.mongo.backend.CursorRegistry;
import de.bwaldvogel.mongo.backend.DocumentWithPosition;
import de.bwaldvogel.mongo.backend.Index;
import de.bwaldvogel.mongo.backend.Missing;
import de.bwaldvogel.mongo.backend.QueryParameters;
import de.bwaldvogel.mongo.backend.QueryResult;
import de.bwaldvogel.mongo.backend.Utils;
import de.bwaldvogel.mongo.bson.Document;
import de.bwaldvogel.mongo.oplog.Oplog;
import de.bwaldvogel.mongo.wire.bson.BsonDecoder;
import de.bwaldvogel.mongo.wire.bson.BsonEncoder;
import io.netty.buffer.ByteBuf;
import io.netty.buffer.Unpooled;
import java.util.ArrayList;
import java.util.Iterator;
import java.util.List;
import java.util.NoSuchElementException;
import java.util.UUID;
import java.util.concurrent.CopyOnWriteArrayList;
import java.util.stream.Stream;
import org.h2.mvstore.MVMap;

/**
 * Records by id, as BSON, and what finds them. Readers never wait: they see the records as they were a moment ago.
 * Writers of one collection take turns.
 */
final class IndexedCollection extends AbstractMongoCollection<Object> {
  /** Of one answer, where the client does not say: as many as MongoDB gives, and far less than drivers take at most. */
  private static final int BATCH = 101;
  private static final int BATCH_CHARS = 8 << 20;

  /** A folder of an earlier release holds records as Java objects; each is BSON once it is written again. */
  private final MVMap<Object, Object> records;
  private final List<Ordered> ordered = new CopyOnWriteArrayList<>();

  IndexedCollection(
      MongoDatabase database, String name, CollectionOptions options, MVMap<Object, Object> records, CursorRegistry cursors) {
    super(database, name, options, cursors);
    this.records = records;
  }

  List<Ordered> ordered() {
    return ordered;
  }

  // Reading

  @Override
  protected QueryResult queryDocuments(Document query, Document orderBy, int skip, int limit, int batch, Document fields) {
    Plan plan = Plan.of(this, query, orderBy, limit);
    Stream<Document> found = plan.walk(this).filter(document -> documentMatchesQuery(document, query));
    if (!plan.inOrder() && deriveComparator(orderBy) != null) {
      found = found.sorted(deriveComparator(orderBy));
    }
    found = skip > 0 ? found.skip(skip) : found;
    found = limit > 0 ? found.limit(limit) : found;
    if (fields != null && !fields.isEmpty()) {
      found = found.map(document -> projected(document, fields));
    }
    return result(found.iterator(), batch);
  }

  /** All records that match, in any order. */
  Stream<Document> matching(Document query) {
    return Plan.of(this, query, null, 0).walk(this).filter(document -> documentMatchesQuery(document, query));
  }

  /** By the library, which shows its projection to nobody. */
  private Document projected(Document document, Document fields) {
    return matchDocumentsFromStream(Stream.of(document), new Document(), null, 0, 0, 0, fields).iterator().next();
  }

  /** A client's question is asked under a name of its own; the library's own questions want all at once. */
  @Override
  public QueryResult handleQuery(QueryParameters asked) {
    Document selector = asked.getQuerySelector();
    if (!(selector.get("$query") instanceof Document query)) {
      return super.handleQuery(asked);
    }
    int batch = asked.getBatchSize() > 0 ? asked.getBatchSize() : BATCH;
    return queryDocuments(query, (Document) selector.get("$orderby"), asked.getNumberToSkip(), asked.getLimit(), batch,
        asked.getProjection());
  }

  private QueryResult result(Iterator<Document> found, int batch) {
    if (batch <= 0) {
      List<Document> all = new ArrayList<>();
      found.forEachRemaining(all::add);
      return new QueryResult(all);
    }
    List<Document> first = take(found, batch);
    if (!found.hasNext()) {
      return new QueryResult(first);
    }
    var rest = new Rest(cursorRegistry.generateCursorId(), found);
    cursorRegistry.add(rest);
    return new QueryResult(first, rest);
  }

  private static List<Document> take(Iterator<Document> found, int count) {
    List<Document> taken = new ArrayList<>();
    long chars = 0;
    while (taken.size() < count && chars < BATCH_CHARS && found.hasNext()) {
      Document next = found.next();
      taken.add(next);
      for (Object value : next.values()) {
        chars += value instanceof String text ? text.length() : 0;
      }
    }
    return taken;
  }

  /** What a client has not fetched yet, found while it fetches. */
  private static final class Rest extends AbstractCursor {
    private final Iterator<Document> found;

    Rest(long id, Iterator<Document> found) {
      super(id);
      this.found = found;
    }

    @Override
    public boolean isEmpty() {
      return !found.hasNext();
    }

    @Override
    public List<Document> takeDocuments(int count) {
      return take(found, count > 0 ? count : BATCH);
    }
  }

  @Override
  protected QueryResult matchDocuments(Document query, Document orderBy, int skip, int limit, int batch, Document fields) {
    return queryDocuments(query, orderBy, skip, limit, batch, fields);
  }

  @Override
  protected Document getDocument(Object id) {
    return decoded(records.get(Missing.ofNullable(id)));
  }

  MVMap<Object, Object> records() {
    return records;
  }

  static Document decoded(Object stored) {
    if (stored instanceof byte[] bytes) {
      return BsonDecoder.decodeBson(Unpooled.wrappedBuffer(bytes));
    }
    return stored == null ? null : ((Document) stored).cloneDeeply();
  }

  private static byte[] encoded(Document document) {
    ByteBuf out = Unpooled.buffer(1024);
    BsonEncoder.encodeDocument(document, out);
    byte[] bytes = new byte[out.readableBytes()];
    out.readBytes(bytes);
    return bytes;
  }

  @Override
  protected Stream<DocumentWithPosition<Object>> streamAllDocumentsWithPosition() {
    return records.entrySet().stream()
        .map(entry -> new DocumentWithPosition<>(decoded(entry.getValue()), entry.getKey()));
  }

  @Override
  public int count() {
    return records.size();
  }

  @Override
  public boolean isEmpty() {
    return records.isEmpty();
  }

  // Writing

  @Override
  protected Object addDocumentInternal(Document document) {
    Object id = getIdField() == null ? UUID.randomUUID() : Utils.getSubdocumentValue(document, getIdField());
    records.put(Missing.ofNullable(id), encoded(document));
    return id;
  }

  @Override
  protected void handleUpdate(Object id, Document before, Document after) {
    records.put(Missing.ofNullable(id), encoded(after));
  }

  @Override
  protected void removeDocument(Object id) {
    if (records.remove(Missing.ofNullable(id)) == null) {
      throw new NoSuchElementException("no record " + id);
    }
  }

  @Override
  public synchronized void addDocument(Document document) {
    Storage.statement(() -> super.addDocument(document));
  }

  @Override
  public synchronized void removeDocument(Document document) {
    Storage.statement(() -> super.removeDocument(document));
  }

  @Override
  public synchronized Document updateDocuments(
      Document selector, Document update, ArrayFilters filters, boolean multi, boolean upsert, Oplog oplog) {
    var answer = new Document();
    Storage.statement(
        () -> answer.putAll(super.updateDocuments(selector, update, filters, multi, upsert, oplog)));
    return answer;
  }

  @Override
  public synchronized Document findAndModify(Document query) {
    var answer = new Document();
    Storage.statement(() -> answer.putAll(super.findAndModify(query)));
    return answer;
  }

  @Override
  public synchronized int deleteDocuments(Document selector, int limit, Oplog oplog) {
    return super.deleteDocuments(selector, limit, oplog);
  }

  @Override
  public synchronized void addIndex(Index<Object> index) {
    if (getIndexes().stream().anyMatch(known -> known.getName().equals(index.getName()))) {
      super.addIndex(index); // which checks that it is the same
      return;
    }
    OrderedEntries entries = ((Ordered) index).entries();
    if (!entries.ready()) {
      entries.map.clear(); // half of one, of a process that died
      streamAllDocumentsWithPosition().forEach(
          record -> Storage.statement(() -> index.add(record.getDocument(), record.getPosition(), this)));
      Storage.statement(() -> entries.ready(true));
    }
    getIndexes().add(index);
    ordered.add((Ordered) index);
  }

  @Override
  public synchronized void dropIndex(String name) {
    ordered.removeIf(index -> ((Index<?>) index).getName().equals(name));
    super.dropIndex(name);
  }

  @Override
  protected boolean tracksDataSize() {
    return false;
  }

  @Override
  protected void updateDataSize(int delta) {}

  @Override
  protected int getDataSize() {
    return 0;
  }
}
