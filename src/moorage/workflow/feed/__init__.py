"""The feed: every change of a project in an order that neither loses nor repeats one."""
