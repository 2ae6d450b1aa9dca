import java.util.concurrent.locks.ReentrantReadWriteLock;
import org.h2.mvstore.MVMap;
import org.h2.mvstore.MVStore;
import org.h2.mvstore.type.BasicDataType;
import org.h2.mvstore.DataUtils;
import org.h2.mvstore.WriteBuffer;
import java.nio.ByteBuffer;
import java.util.Arrays;

/**
 * The one file that holds everything. What it saves is always between two statements: a record is never there without
 * its index entries, whatever kills the process.
 */
final class Storage {
  private static final int UNSAVED_BYTES = 24 << 20;
  private static final int LIVE_PERCENT = 60;
  private static final int COMPACTED_BYTES = 16 << 20;
  private static final ReentrantReadWriteLock BETWEEN_STATEMENTS = new ReentrantReadWriteLock();

  private static MVStore store;
  /** What is true of an index, by its map's name: `ready`, and which of its fields hold lists. */
  private static MVMap<String, String> notes;

  private Storage() {}

  static void open(String file) {
    store = new MVStore.Builder().fileName(file).cacheSize(64).compress().autoCommitDisabled().autoCommitBufferSize(0).open();
    store.setRetentionTime(5_000);
    notes = store.openMap("ordered.notes");
    for (String name : store.getMapNames()) {
      if (name.contains("._index_")) {
        store.removeMap(name); // of an earlier release; what replaces it is built from the records
      }
    }
  }

  static MVStore store() {
    return store;
  }

  static MVMap<byte[], Object> openIndex(String name) {
    return store.openMap(name, new MVMap.Builder<byte[], Object>().keyType(Bytes.TYPE));
  }

  static String note(String name) {
    return notes.get(name);
  }

  static void note(String name, String value) {
    if (value == null) {
      notes.remove(name);
    } else {
      notes.put(name, value);
    }
  }

  /** Run one statement: all it changes is saved together. */
  static void statement(Runnable changes) {
    BETWEEN_STATEMENTS.readLock().lock();
    try {
      changes.run();
    } finally {
      BETWEEN_STATEMENTS.readLock().unlock();
    }
    if (store.getUnsavedMemory() > UNSAVED_BYTES && BETWEEN_STATEMENTS.getReadHoldCount() == 0) {
      save(false);
    }
  }

  static void keepSaving() {
    var thread = new Thread(() -> {
      while (!store.isClosed()) {
        try {
          Thread.sleep(500);
        } catch (InterruptedException stopped) {
          return;
        }
        save(true);
      }
    }, "saving");
    thread.setDaemon(true);
    thread.start();
  }

  static void close() {
    BETWEEN_STATEMENTS.writeLock().lock();
    store.close();
  }

  private static void save(boolean compact) {
    BETWEEN_STATEMENTS.writeLock().lock();
    try {
      if (store.isClosed()) {
        return;
      }
      store.commit();
      if (compact) {
        // Replaced pages stay in the file until what is left of theirs is written again elsewhere.
        store.compact(LIVE_PERCENT, COMPACTED_BYTES);
      }
    } finally {
      BETWEEN_STATEMENTS.writeLock().unlock();
    }
  }

  /** Keys of an index: bytes, compared as such. */
  private static final class Bytes extends BasicDataType<byte[]> {
    static final Bytes TYPE = new Bytes();

    @Override
    public int compare(byte[] a, byte[] b) {
      return Arrays.compareUnsigned(a, b);
    }

    @Override
    public int getMemory(byte[] data) {
      return 24 + data.length;
    }

    @Override
    public void write(WriteBuffer out, byte[] data) {
      out.putVarInt(data.length).put(data);
    }

    @Override
    public byte[] read(ByteBuffer in) {
      byte[] data = new byte[DataUtils.readVarInt(in)];
      in.get(data);
      return data;
    }

    @Override
    public byte[][] createStorage(int size) {
      return new byte[size][];
    }
  }
}
