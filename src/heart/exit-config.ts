/**
 * EX_CONFIG of sysexits, of heart and agent: only a person can mend why it ended. Nothing starts it again for that
 * (systemd: RestartPreventExitStatus).
 */
export const exitConfig: number = 78;
