import de.bwaldvogel.mongo.MongoDatabase;
import de.bwaldvogel.mongo.MongoServer;
import de.bwaldvogel.mongo.MongoVersion;
import de.bwaldvogel.mongo.backend.h2.H2Backend;
import java.net.InetSocketAddress;
import java.time.Instant;
import java.util.List;
import org.h2.mvstore.MVStoreException;

/**
 * The MongoDB-wire store of the local stack: LocalMongo PORT FILE. A stand-in for development only.
 *
 * The library it is made of has no index but unique ones, and scans for everything else; the classes beside this one add
 * ordered indexes, so that a million records are served as fast as a thousand.
 */
final class LocalMongo extends H2Backend {
  /** PyMongo refuses servers below wire version 8; the library's newest preset is older than that. */
  private static final MongoVersion VERSION = new MongoVersion() {
    public List<Integer> getVersionArray() { return List.of(5, 0, 0); }
    public int getWireVersion() { return 13; }
  };
  /** More than connections, so that a long scan for one client never keeps another one waiting. */
  private static final int THREADS = 64;
  private static final int EXPIRE_SECONDS = Integer.getInteger("brevity.expire.seconds", 60);

  private LocalMongo() {
    super(Storage.store());
    version(VERSION);
  }

  @Override
  protected MongoDatabase openOrCreateDatabase(String name) {
    return new IndexedDatabase(name, getMvStore(), getCursorRegistry());
  }

  /** As MongoDB does each minute. */
  private void keepExpiring() {
    var thread = new Thread(() -> {
      while (true) {
        try {
          Thread.sleep(EXPIRE_SECONDS * 1000L);
          for (String name : listDatabaseNames()) {
            ((IndexedDatabase) resolveDatabase(name)).expire(Instant.now());
          }
        } catch (InterruptedException stopped) {
          return;
        } catch (RuntimeException error) {
          System.err.println("What has expired is still there: " + error);
        }
      }
    }, "expiring");
    thread.setDaemon(true);
    thread.start();
  }

  public static void main(String[] args) throws Exception {
    try {
      Storage.open(args[1]);
    } catch (MVStoreException error) {
      System.err.println("The store cannot open " + args[1] + ": " + error.getMessage()
          + "\nStop what else uses it; if nothing does, it is damaged: move the file away to begin with an empty store.");
      System.exit(1);
    }
    var store = new LocalMongo();
    var server = new MongoServer(store);
    store.keepExpiring();
    Storage.keepSaving();
    Runtime.getRuntime().addShutdownHook(new Thread(() -> {
      server.shutdownNow();
      Storage.close();
    }));
    server.bind(new InetSocketAddress("127.0.0.1", Integer.parseInt(args[0])), 1, THREADS);
    Thread.currentThread().join();
  }

  @Override
  public void close() {
    // Storage closes its file itself, between two statements.
  }
}
