package peer;

/** The thread that changes an LP's market at a rate. */
final class Generator {
    /** As a rate: as fast as the wire takes it. */
    static final int FULL_SPEED = -1;

    private final Lp lp;
    private final Thread thread;
    private int perSecond;
    private boolean hasEnded;

    Generator(Lp lp) {
        this.lp = lp;
        thread = new Thread(this::run, "generator");
        thread.setDaemon(true);
        thread.start();
    }

    /** 0 pauses it. After this returns no increment of the old rate begins. */
    synchronized void setRate(int rate) {
        perSecond = rate;
        notifyAll();
    }

    synchronized void end() {
        hasEnded = true;
        notifyAll();
    }

    private void run() {
        try {
            double due = 0;
            long before = System.nanoTime();
            for (int rate = awaitRate(); rate != 0; rate = awaitRate()) {
                lp.awaitRoom();
                long now = System.nanoTime();
                due = rate == FULL_SPEED ? 100 : Math.min(due + (now - before) * 1e-9 * rate, rate);
                before = now;
                for (; due >= 1 && isRate(rate); due--) lp.increment();
                if (rate != FULL_SPEED) Thread.sleep(1);
            }
        } catch (InterruptedException e) {
            Thread.currentThread().interrupt();
        }
    }

    /** Waits for a rate other than 0; 0 means the end. */
    private synchronized int awaitRate() throws InterruptedException {
        while (perSecond == 0 && !hasEnded) wait();
        return hasEnded ? 0 : perSecond;
    }

    private synchronized boolean isRate(int rate) {
        return perSecond == rate && !hasEnded;
    }
}
