import de.bwaldvogel.mongo.MongoCollection;
import de.bwaldvogel.mongo.backend.CollectionOptions;
import de.bwaldvogel.mongo.backend.CursorRegistry;
import de.bwaldvogel.mongo.backend.DatabaseResolver;
import de.bwaldvogel.mongo.backend.Index;
import de.bwaldvogel.mongo.backend.IndexKey;
import de.bwaldvogel.mongo.backend.aggregation.Aggregation;
import de.bwaldvogel.mongo.backend.h2.H2Database;
import de.bwaldvogel.mongo.bson.Document;
import de.bwaldvogel.mongo.oplog.Oplog;
import io.netty.channel.Channel;
import java.time.Instant;
import java.util.List;
import org.h2.mvstore.MVStore;

/** The library's database, whose collections and indexes are ours. */
final class IndexedDatabase extends H2Database {
  IndexedDatabase(String name, MVStore store, CursorRegistry cursors) {
    super(name, store, cursors);
  }

  @Override
  protected MongoCollection<Object> openOrCreateCollection(String name, CollectionOptions options) {
    String full = getFullCollectionNamespace(name);
    return new IndexedCollection(this, name, options, Storage.store().openMap("databases." + full), cursorRegistry);
  }

  @Override
  protected Index<Object> openOrCreateUniqueIndex(String collection, String name, List<IndexKey> keys, boolean sparse) {
    return new OrderedUniqueIndex(name, keys, sparse, new OrderedEntries(mapName(collection, name), keys, sparse));
  }

  @Override
  protected Index<Object> openOrCreateSecondaryIndex(String collection, String name, List<IndexKey> keys, boolean sparse) {
    return new OrderedIndex(name, keys, sparse, new OrderedEntries(mapName(collection, name), keys, sparse));
  }

  @Override
  protected void dropIndex(MongoCollection<Object> collection, String name) {
    super.dropIndex(collection, name);
    String map = mapName(collection.getCollectionName(), name);
    Storage.note(map + ".ready", null);
    Storage.note(map + ".lists", null);
    Storage.store().removeMap(map);
  }

  private String mapName(String collection, String index) {
    return getFullCollectionNamespace(collection) + "._ordered_" + index;
  }

  /** Delete what an index with `expireAfterSeconds` says is too old. */
  void expire(Instant now) {
    for (Document index : List.copyOf(getOrCreateIndexesCollection().queryAllAsStream().toList())) {
      if (!(index.get("expireAfterSeconds") instanceof Number seconds)) {
        continue;
      }
      String namespace = (String) index.get("ns");
      String name = namespace.substring(getDatabaseName().length() + 1);
      String field = ((Document) index.get("key")).keySet().iterator().next();
      MongoCollection<Object> collection = resolveCollection(name, false);
      if (collection != null) {
        var before = new Document("$lt", now.minusSeconds(seconds.longValue()));
        collection.deleteDocuments(new Document(field, before), 0);
      }
    }
  }

  /** Statistics over what an index finds, instead of over everything. */
  @Override
  public Document handleCommand(
      Channel channel, String command, Document query, DatabaseResolver databases, Oplog oplog) {
    if (command.equalsIgnoreCase("aggregate")) {
      String name = query.get(command).toString();
      List<Document> stages = Aggregation.parse(query.get("pipeline"));
      if (resolveCollection(name, false) instanceof IndexedCollection collection
          && !stages.isEmpty() && stages.get(0).get("$match") instanceof Document match) {
        var rest = Aggregation.fromPipeline(stages.subList(1, stages.size()), databases, this, collection, oplog);
        rest.validate(query);
        List<Document> found = rest.runStages(collection.matching(match));
        var cursor = new Document("id", 0L).append("ns", getFullCollectionNamespace(name)).append("firstBatch", found);
        return new Document("cursor", cursor).append("ok", 1.0);
      }
    }
    return super.handleCommand(channel, command, query, databases, oplog);
  }
}
