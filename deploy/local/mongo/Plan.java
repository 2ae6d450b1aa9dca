import de.bwaldvogel.mongo.bson.Document;
import java.util.ArrayList;
import java.util.Iterator;
import java.util.List;
import java.util.Objects;
import java.util.Spliterator;
import java.util.Spliterators;
import java.util.stream.Stream;
import java.util.stream.StreamSupport;

/**
 * Which part of which index holds all that a query can match, and whether it is walked in the order that is asked for.
 *
 * A query with a limit is served in order where an index allows it, and else by the index with the fewest candidates.
 */
final class Plan {
  private static final int FEW = 200;

  private final OrderedEntries entries; // null: all records
  private final List<byte[][]> ranges;
  private final boolean inOrder;
  private final boolean backwards;
  private final long count;

  private Plan(OrderedEntries entries, List<byte[][]> ranges, boolean inOrder, boolean backwards) {
    this.entries = entries;
    this.ranges = ranges;
    this.inOrder = inOrder;
    this.backwards = backwards;
    long all = 0;
    for (byte[][] range : ranges) {
      all += entries.count(range[0], range[1]);
    }
    this.count = entries == null ? Long.MAX_VALUE : all;
  }

  boolean inOrder() {
    return inOrder;
  }

  /** The candidates; they are still to be held against the query. */
  Stream<Document> walk(IndexedCollection collection) {
    if (entries == null) {
      return collection.records().values().stream().map(IndexedCollection::decoded);
    }
    Iterator<Object> ids = new Walk(entries.map, ranges, backwards);
    Stream<Object> found =
        StreamSupport.stream(Spliterators.spliteratorUnknownSize(ids, Spliterator.ORDERED), false);
    if (entries.holdsLists()) {
      found = found.distinct();
    }
    return found.map(collection::getDocument).filter(Objects::nonNull); // one may be gone by now
  }

  static Plan of(IndexedCollection collection, Document query, Document orderBy, int limit) {
    boolean sorted = orderBy != null && !orderBy.isEmpty();
    if (sorted && orderBy.containsKey("$natural")) {
      orderBy = new Document("_id", orderBy.get("$natural"));
    }
    var conditions = new Conditions(query);
    Plan best = new Plan(null, List.of(), !sorted, false);
    for (Ordered index : collection.ordered()) {
      for (Plan plan : plans(index.entries(), conditions, orderBy)) {
        if (plan.before(best, limit)) {
          best = plan;
        }
      }
    }
    return best;
  }

  private boolean before(Plan other, int limit) {
    if (inOrder == other.inOrder) {
      return count < other.count;
    }
    if (inOrder) {
      return !other.before(this, limit);
    }
    // Sorting few is cheaper than walking many in order; without a limit all are read in any case.
    return count <= FEW || count < other.count / (limit > 0 ? FEW : 2);
  }

  /** The ways in which one index serves a query: one for each of several values that a list must hold. */
  private static List<Plan> plans(OrderedEntries entries, Conditions conditions, Document orderBy) {
    List<Plan> found = new ArrayList<>();
    int choices = 1;
    for (String field : entries.fields) {
      choices = Math.max(choices, conditions.of(field).equal.size());
    }
    for (int choice = 0; choice < choices; choice++) {
      Plan plan = plan(entries, conditions, orderBy, choice);
      if (plan != null) {
        found.add(plan);
      }
    }
    return found;
  }

  private static Plan plan(OrderedEntries entries, Conditions conditions, Document orderBy, int choice) {
    List<byte[]> prefixes = List.of(new byte[0]);
    boolean oneOf = false;
    int bound = 0;
    for (; bound < entries.fields.size(); bound++) {
      Conditions.Field field = conditions.of(entries.fields.get(bound));
      if (!field.equal.isEmpty()) {
        byte[] value = field.equal.get(Math.min(choice, field.equal.size() - 1));
        prefixes = prefixes.stream().map(prefix -> Keys.joined(prefix, value)).toList();
      } else if (field.in != null && !oneOf) {
        oneOf = true;
        byte[] prefix = prefixes.get(0);
        prefixes = field.in.stream().map(value -> Keys.joined(prefix, value)).toList();
      } else {
        break;
      }
    }
    List<byte[][]> ranges = new ArrayList<>();
    Conditions.Field next = bound < entries.fields.size() ? conditions.of(entries.fields.get(bound)) : null;
    boolean between = next != null && next.from != null;
    for (byte[] prefix : prefixes) {
      if (between) {
        boolean both = !entries.holdsLists(entries.fields.get(bound));
        byte[] to = both ? next.to : Keys.endOfType(next.from);
        byte[] from = both ? next.from : Keys.startOfType(next.from);
        ranges.add(new byte[][] {Keys.joined(prefix, from), Keys.joined(prefix, to)});
      } else {
        ranges.add(new byte[][] {prefix, Keys.after(prefix)});
      }
    }
    if (entries.sparse && bound == 0 && !between) {
      return null; // records may be missing from it
    }
    int direction = oneOf && orderBy != null ? 0 : direction(entries, conditions, orderBy, bound);
    if (bound == 0 && !between && (direction == 0 || orderBy == null)) {
      return null; // no better than all records
    }
    return new Plan(entries, ranges, direction != 0, direction < 0);
  }

  /** 1 or -1 when walking that way gives the order; 0 when it does not. */
  private static int direction(OrderedEntries entries, Conditions conditions, Document orderBy, int bound) {
    int direction = 0;
    int place = bound;
    if (orderBy != null) {
      List<String> fields = new ArrayList<>(entries.fields);
      fields.add("_id");
      for (String field : orderBy.keySet()) {
        int wanted = ((Number) orderBy.get(field)).intValue() > 0 ? 1 : -1;
        if (!conditions.of(field).equal.isEmpty()) {
          continue; // the same in all
        }
        if (place >= fields.size() || !fields.get(place).equals(field) || entries.holdsLists(field)
            || direction == -wanted) {
          return 0;
        }
        direction = wanted;
        place++;
      }
    }
    return direction == 0 ? 1 : direction;
  }
}
