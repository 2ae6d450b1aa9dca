import de.bwaldvogel.mongo.backend.Missing;
import de.bwaldvogel.mongo.bson.Json;
import de.bwaldvogel.mongo.bson.ObjectId;
import java.io.ByteArrayOutputStream;
import java.nio.ByteBuffer;
import java.nio.charset.StandardCharsets;
import java.time.Instant;
import java.util.Arrays;

/** Values as bytes whose order is MongoDB's order of the values: a tag for the type, then the value. */
final class Keys {
  private static final byte UNDEFINED = 0x08;
  private static final byte NULL = 0x10;
  private static final byte NUMBER = 0x18;
  private static final byte STRING = 0x20;
  private static final byte OTHER = 0x28;
  private static final byte OBJECT_ID = 0x30;
  private static final byte BOOLEAN = 0x38;
  private static final byte TIME = 0x40;
  static final byte[] EMPTY_LIST = {UNDEFINED};

  private Keys() {}

  /** Whether an index finds and orders a value like this one; the others are only told apart. */
  static boolean ordered(Object value) {
    return Missing.isNullOrMissing(value) || value instanceof Number || value instanceof String
        || value instanceof ObjectId || value instanceof Boolean || value instanceof Instant;
  }

  static byte[] of(Object value) {
    if (Missing.isNullOrMissing(value)) {
      return new byte[] {NULL};
    } else if (value instanceof Number) {
      return number((Number) value);
    } else if (value instanceof String) {
      return text(STRING, (String) value);
    } else if (value instanceof ObjectId) {
      return joined(new byte[] {OBJECT_ID}, ((ObjectId) value).toByteArray());
    } else if (value instanceof Boolean) {
      return new byte[] {BOOLEAN, (byte) ((Boolean) value ? 1 : 0)};
    } else if (value instanceof Instant) {
      return ByteBuffer.allocate(9).put(TIME).putLong(((Instant) value).toEpochMilli() ^ Long.MIN_VALUE).array();
    }
    return text(OTHER, Json.toCompactJsonValue(value));
  }

  /** The first key after all values of the type of `value`, which is one that `of` made. */
  static byte[] endOfType(byte[] value) {
    return new byte[] {(byte) (value[0] + 1)};
  }

  static byte[] startOfType(byte[] value) {
    return new byte[] {value[0]};
  }

  /** After every key that begins with `prefix`. */
  static byte[] after(byte[] prefix) {
    return joined(prefix, new byte[] {(byte) 0xFF});
  }

  static byte[] joined(byte[] first, byte[] second) {
    byte[] both = Arrays.copyOf(first, first.length + second.length);
    System.arraycopy(second, 0, both, first.length, second.length);
    return both;
  }

  /** As a double, and what a double cannot say of a long. */
  private static byte[] number(Number value) {
    double rounded = value.doubleValue() + 0.0; // one zero
    long bits = Double.doubleToLongBits(rounded);
    long exact = value instanceof Long ? value.longValue() - (long) rounded : 0;
    return ByteBuffer.allocate(17).put(NUMBER).putLong(bits ^ (bits >> 63 | Long.MIN_VALUE))
        .putLong(exact ^ Long.MIN_VALUE).array();
  }

  /** Ended by two zero bytes; one within is written so that none of the text ends it. */
  private static byte[] text(byte tag, String value) {
    var out = new ByteArrayOutputStream(value.length() + 3);
    out.write(tag);
    for (byte one : value.getBytes(StandardCharsets.UTF_8)) {
      out.write(one);
      if (one == 0) {
        out.write(0xFE);
      }
    }
    out.write(0);
    out.write(0);
    return out.toByteArray();
  }
}
