import de.bwaldvogel.mongo.MongoServer;
import de.bwaldvogel.mongo.MongoVersion;
import de.bwaldvogel.mongo.backend.h2.H2Backend;
import java.util.List;

/** The MongoDB-wire store of the local stack: LocalMongo.java PORT FILE. A stand-in for development only. */
class LocalMongo {
  /** PyMongo refuses servers below wire version 8; the library's newest preset is older than that. */
  static final MongoVersion VERSION = new MongoVersion() {
    public List<Integer> getVersionArray() { return List.of(5, 0, 0); }
    public int getWireVersion() { return 13; }
  };

  public static void main(String[] args) throws Exception {
    var backend = new H2Backend(args[1]);
    backend.version(VERSION);
    // A scan of 100,000 records takes longer than the 45 s for which H2 keeps replaced pages by default.
    backend.getMvStore().setRetentionTime(600_000);
    backend.getMvStore().setCacheSize(64);
    var server = new MongoServer(backend);
    Runtime.getRuntime().addShutdownHook(new Thread(server::shutdownNow));
    server.bind("127.0.0.1", Integer.parseInt(args[0]));
    Thread.currentThread().join();
  }
}
