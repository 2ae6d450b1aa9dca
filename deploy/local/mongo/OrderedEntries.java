import de.bwaldvogel.mongo.backend.IndexKey;
import de.bwaldvogel.mongo.backend.Missing;
import de.bwaldvogel.mongo.backend.Utils;
import de.bwaldvogel.mongo.bson.Document;
import java.util.ArrayList;
import java.util.Collection;
import java.util.LinkedHashSet;
import java.util.List;
import java.util.Set;
import java.util.TreeSet;
import java.util.stream.Collectors;
import org.h2.mvstore.MVMap;

/** What an index has in the file: for each record the keys of its values, in order, and the record's id. */
final class OrderedEntries {
  final String name;
  final List<String> fields;
  final boolean sparse;
  final MVMap<byte[], Object> map;
  /** Fields of which some record has held a list; a record is found there under each of its elements. */
  private volatile Set<String> lists;

  OrderedEntries(String name, List<IndexKey> keys, boolean sparse) {
    this.name = name;
    this.fields = keys.stream().map(IndexKey::getKey).collect(Collectors.toList());
    this.sparse = sparse;
    this.map = Storage.openIndex(name);
    String noted = Storage.note(name + ".lists");
    this.lists = noted == null ? Set.of() : Set.of(noted.split(","));
  }

  boolean holdsLists(String field) {
    return lists.contains(field);
  }

  boolean holdsLists() {
    return !lists.isEmpty();
  }

  /** Whether it covers every record that was there when it was made; false after a death in between. */
  boolean ready() {
    return Storage.note(name + ".ready") != null;
  }

  void ready(boolean is) {
    Storage.note(name + ".ready", is ? "yes" : null);
  }

  /** A record's keys: one, or one for each element of a list. */
  List<byte[]> keysOf(Document document) {
    if (sparse && fields.stream().allMatch(field -> Utils.getSubdocumentValue(document, field) instanceof Missing)) {
      return List.of();
    }
    List<byte[]> keys = List.of(new byte[0]);
    for (String field : fields) {
      Object value = Utils.getSubdocumentValueCollectionAware(document, field);
      if (value instanceof Collection) {
        noteList(field);
        var each = new LinkedHashSet<>();
        each.addAll((Collection<?>) value);
        List<byte[]> longer = new ArrayList<>(keys.size() * each.size());
        for (byte[] key : keys) {
          if (each.isEmpty()) {
            longer.add(Keys.joined(key, Keys.EMPTY_LIST));
          }
          for (Object one : each) {
            longer.add(Keys.joined(key, Keys.of(one)));
          }
        }
        keys = longer;
      } else {
        byte[] encoded = Keys.of(value);
        keys = keys.stream().map(key -> Keys.joined(key, encoded)).collect(Collectors.toList());
      }
    }
    return keys;
  }

  /** Entries from `from` to before `to`. */
  long count(byte[] from, byte[] to) {
    return place(to) - place(from);
  }

  private long place(byte[] key) {
    long found = map.getKeyIndex(key);
    return found >= 0 ? found : -found - 1;
  }

  private synchronized void noteList(String field) {
    if (!lists.contains(field)) {
      var more = new TreeSet<>(lists);
      more.add(field);
      Storage.note(name + ".lists", String.join(",", more));
      lists = more;
    }
  }
}
