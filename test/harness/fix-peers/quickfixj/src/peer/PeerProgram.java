package peer;

import java.io.BufferedReader;
import java.io.InputStreamReader;
import java.nio.charset.StandardCharsets;
import java.util.LinkedHashMap;
import java.util.Map;
import java.util.concurrent.ConcurrentHashMap;
import java.util.concurrent.ExecutorService;
import java.util.concurrent.Executors;

/**
 * Reads commands from standard input and answers each with one line of JSON that carries its id; events of sessions are
 * lines of their own. It ends when standard input does.
 */
public final class PeerProgram {
    private static final Map<String, Lp> LPS = new ConcurrentHashMap<>();
    private static final Map<String, Client> CLIENTS = new ConcurrentHashMap<>();
    private static final Map<String, Object> DONE = Map.of();

    private PeerProgram() {
    }

    public static void main(String[] args) throws Exception {
        BufferedReader in = new BufferedReader(new InputStreamReader(System.in, StandardCharsets.UTF_8));
        // A burst or a stop takes its time; other sessions must not wait for it.
        ExecutorService workers = Executors.newCachedThreadPool();
        Peers.say(Map.of("event", "ready"));
        for (String line = in.readLine(); line != null; line = in.readLine()) {
            if (line.isBlank()) continue;
            Command command = new Command(line);
            workers.execute(() -> answer(command));
        }
        // Threads of the engine would keep the process alive.
        Runtime.getRuntime().halt(0);
    }

    private static void answer(Command command) {
        Map<String, Object> line = new LinkedHashMap<>();
        line.put("id", command.id);
        try {
            line.putAll(run(command));
        } catch (Exception | LinkageError e) {
            line.put("error", e.toString());
        }
        Peers.say(line);
    }

    private static Map<String, Object> run(Command command) throws Exception {
        return command.verb.startsWith("client") ? runClient(command) : runLp(command);
    }

    private static Map<String, Object> runLp(Command command) throws Exception {
        String name = command.text("name");
        if (command.verb.equals("lp")) {
            Lp lp = new Lp(command);
            LPS.put(name, lp);
            lp.start();
            return DONE;
        }
        Lp lp = LPS.get(name);
        if (lp == null) throw new IllegalArgumentException("no LP is named " + name);
        switch (command.verb) {
            case "dump":
                return lp.dump();
            case "status":
                return lp.status();
            default:
                steer(lp, command);
                return DONE;
        }
    }

    private static void steer(Lp lp, Command command) throws Exception {
        switch (command.verb) {
            case "start" -> lp.start();
            case "stop" -> lp.stop(command.flag("isForced"));
            case "end" -> lp.end();
            case "rate" -> lp.setRate(command.number("perSecond"));
            case "burst" -> lp.burst(command.number("count"));
            case "skip" -> lp.skip(command.number("count"));
            case "sequenceReset" -> lp.sequenceReset(command.flag("isGapFill"), command.number("ahead"));
            case "expectNumber" -> lp.expectNumber(command.number("number"));
            case "clear" -> lp.clear(command.text("symbol"));
            case "send" -> lp.send(command.text("type"), command.text("fields"));
            case "testRequest" -> lp.testRequest(command.text("testId"));
            case "disconnect" -> lp.disconnect();
            case "logout" -> lp.logout(command.text("text"));
            case "onLogon" -> lp.application()
                .setLogonManner(command.text("manner"), command.text("text", ""), command.number("logouts", 1));
            default -> throw new IllegalArgumentException("unknown command " + command.verb);
        }
    }

    private static Map<String, Object> runClient(Command command) throws Exception {
        String name = command.text("name");
        if (command.verb.equals("client")) {
            Client client = new Client(command);
            CLIENTS.put(name, client);
            client.start();
            return DONE;
        }
        Client client = CLIENTS.get(name);
        if (client == null) throw new IllegalArgumentException("no client is named " + name);
        switch (command.verb) {
            case "clientDump":
                return client.dump();
            case "clientEnd":
                client.end();
                CLIENTS.remove(name);
                return DONE;
            default:
                throw new IllegalArgumentException("unknown command " + command.verb);
        }
    }
}
