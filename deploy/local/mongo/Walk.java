import java.util.Iterator;
import java.util.List;
import java.util.NoSuchElementException;
import org.h2.mvstore.Cursor;
import org.h2.mvstore.MVMap;

/** The ids along some ranges of an index. It looks anew every some steps, so that no state of long ago is kept for it. */
final class Walk implements Iterator<Object> {
  private static final int STEPS = 500;

  private final MVMap<byte[], Object> map;
  private final List<byte[][]> ranges;
  private final boolean backwards;
  private int range = -1;
  private int steps;
  private byte[] last;
  private Cursor<byte[], Object> cursor;
  private Object next;

  Walk(MVMap<byte[], Object> map, List<byte[][]> ranges, boolean backwards) {
    this.map = map;
    this.ranges = ranges;
    this.backwards = backwards;
  }

  @Override
  public boolean hasNext() {
    while (next == null) {
      if (cursor == null || ++steps % STEPS == 0) {
        if (!look()) {
          return false;
        }
      }
      if (cursor.hasNext()) {
        byte[] key = cursor.next();
        if (last == null || java.util.Arrays.compareUnsigned(key, last) != 0) {
          last = key;
          next = cursor.getValue();
        }
      } else {
        cursor = null;
        last = null;
      }
    }
    return true;
  }

  /** From the last key on, or from the beginning of the next range. */
  private boolean look() {
    if (last == null && ++range >= ranges.size()) {
      return false;
    }
    byte[][] now = ranges.get(backwards ? ranges.size() - 1 - range : range);
    if (backwards) {
      cursor = map.cursor(last == null ? now[1] : last, now[0], true);
    } else {
      cursor = map.cursor(last == null ? now[0] : last, now[1], false);
    }
    return true;
  }

  @Override
  public Object next() {
    if (!hasNext()) {
      throw new NoSuchElementException();
    }
    Object found = next;
    next = null;
    return found;
  }
}
