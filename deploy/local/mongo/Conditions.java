import de.bwaldvogel.mongo.bson.BsonRegularExpression;
import de.bwaldvogel.mongo.bson.Document;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.Collection;
import java.util.HashMap;
import java.util.List;
import java.util.Map;

/** What a query asks of single fields, as far as an index can tell; the rest of it is for whoever reads the record. */
final class Conditions {
  /** Of one field: values that it must equal or hold, values of which it must be one, and where it must lie. */
  static final class Field {
    final List<byte[]> equal = new ArrayList<>();
    List<byte[]> in;
    byte[] from;
    byte[] to;
  }

  private static final Field NONE = new Field();
  private static final int MOST_VALUES = 5_000;

  private final Map<String, Field> fields = new HashMap<>();

  Conditions(Document query) {
    gather(query);
  }

  Field of(String field) {
    return fields.getOrDefault(field, NONE);
  }

  private void gather(Document query) {
    for (String name : query.keySet()) {
      Object wanted = query.get(name);
      if (name.equals("$and")) {
        ((Collection<?>) wanted).forEach(part -> gather((Document) part));
      } else if (!name.startsWith("$")) {
        gather(name, wanted);
      }
    }
  }

  private void gather(String name, Object wanted) {
    if (BsonRegularExpression.isRegularExpression(wanted)) {
      return;
    }
    Field field = fields.computeIfAbsent(name, key -> new Field());
    if (!(wanted instanceof Document)) {
      equals(field, wanted);
      return;
    }
    Document operators = (Document) wanted;
    for (String operator : operators.keySet()) {
      Object value = operators.get(operator);
      switch (operator) {
        case "$eq" -> equals(field, value);
        case "$all" -> ((Collection<?>) value).forEach(one -> equals(field, one));
        case "$in" -> in(field, (Collection<?>) value);
        case "$gt", "$gte" -> atLeast(field, value);
        case "$lt", "$lte" -> atMost(field, value);
        default -> { }
      }
    }
  }

  private static void equals(Field field, Object value) {
    if (Keys.ordered(value)) {
      field.equal.add(Keys.of(value));
    }
  }

  private static void in(Field field, Collection<?> values) {
    if (values.size() <= MOST_VALUES && values.stream().allMatch(Keys::ordered)) {
      field.in = new ArrayList<>();
      values.stream().map(Keys::of).sorted(Arrays::compareUnsigned).forEach(key -> {
        if (field.in.isEmpty() || !Arrays.equals(field.in.get(field.in.size() - 1), key)) {
          field.in.add(key);
        }
      });
    }
  }

  private static void atLeast(Field field, Object value) {
    if (value != null && Keys.ordered(value)) {
      byte[] from = Keys.of(value);
      if (field.from == null || Arrays.compareUnsigned(from, field.from) > 0) {
        field.from = from;
      }
      if (field.to == null) {
        field.to = Keys.endOfType(from);
      }
    }
  }

  private static void atMost(Field field, Object value) {
    if (value != null && Keys.ordered(value)) {
      byte[] to = Keys.after(Keys.of(value));
      if (field.to == null || Arrays.compareUnsigned(to, field.to) < 0) {
        field.to = to;
      }
      if (field.from == null) {
        field.from = Keys.startOfType(to);
      }
    }
  }
}
